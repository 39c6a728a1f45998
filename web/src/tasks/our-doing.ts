/** Ids of tasks that this tab changed. When one leaves the list, it was not another device. */
export const changedHere = new Set<string>()
export const removedHere = new Set<string>()

export const isOurDoing = (id: string) => changedHere.has(id) || removedHere.has(id)
