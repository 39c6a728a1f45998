/** Ids of tasks that this tab changed or deletes. When one leaves the list, it was not another device. */
export const changedHere = new Set<string>()
