/** LRUCache options that cap by count without preallocating; `max` reserves every slot (20 MB for half a million). */
export const bounded = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 })
