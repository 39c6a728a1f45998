import { getPriority, setPriority } from 'node:os'

/**
 * On a machine with other work, where we may: what others leave behind in the caches is not ours to measure. Processes
 * started afterwards inherit it; PostgreSQL does not.
 */
export function preferUs(): void {
  try {
    setPriority(-10)
  } catch {
    // Only root may; a quiet machine needs none of it.
  }
}

/** For what stands for many machines that are not this one: all that is measured comes first. */
export const comeLast = (): void => setPriority(Math.min(19, getPriority() + 10))
