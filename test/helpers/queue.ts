import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Yields the items that no other process has taken from the same folder, until none is left. The folder must be empty at
 * first; each item that is taken leaves a file with its place in the list.
 */
export function* takeFrom<T>(folder: string, items: readonly T[]): Generator<T> {
  for (const [place, item] of items.entries())
    try {
      closeSync(openSync(join(folder, String(place)), 'wx'))
      yield item
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
}
