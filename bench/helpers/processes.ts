import { globSync, readFileSync } from 'node:fs'

// Linux counts CPU time for programs in hundredths of a second, whatever its own clock is.
const tick = 10_000

const childrenOf = (pid: number): number[] =>
  globSync(`/proc/${pid}/task/*/children`).flatMap((file) =>
    readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number)
  )

/**
 * CPU time in microseconds that a process and those it started have used, all threads, user and system: under Linux.
 * Those that have ended are not counted.
 */
export function treeCpu(pid: number): number {
  // The name of the program, in parentheses, may contain spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  const own = (Number(fields[11]) + Number(fields[12])) * tick
  return childrenOf(pid).reduce((sum, child) => sum + treeCpu(child), own)
}
