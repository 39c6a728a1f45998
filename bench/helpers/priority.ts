import { getPriority, setPriority } from 'node:os'

/**
 * Raises our priority, where allowed, so that other work affects the measurements less. Processes started afterwards
 * inherit it; PostgreSQL does not.
 */
export function raisePriority(): void {
  try {
    setPriority(-10)
  } catch {
    // Only root may do this; a quiet machine does not need it.
  }
}

/** Lowers the priority of a load generator, which represents other machines. */
export const lowerPriority = (): void => setPriority(Math.min(19, getPriority() + 10))
