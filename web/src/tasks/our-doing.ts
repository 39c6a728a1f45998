/** Ids of tasks that this tab itself touched: when one leaves a list, nobody elsewhere is to be named for it. */
export const changedHere = new Set<string>()
export const removedHere = new Set<string>()
