/** Ids of tasks that this tab itself touched: when one leaves a list, or only moves out of sight, nobody elsewhere is to be named for it. */
export const changedHere = new Set<string>()
export const removedHere = new Set<string>()

export const isOurDoing = (id: string) => changedHere.has(id) || removedHere.has(id)
