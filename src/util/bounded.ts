/** So many entries, for an LRUCache. With `max`, it takes the memory of all of them at once: 20 MB for half a million. */
export const atMost = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 })
