import { readFileSync } from 'node:fs'
import type { BenchDatabase } from './service.ts'

/**
 * CPU time in microseconds of this database's backends. Undefined unless PostgreSQL runs on this machine, under Linux.
 */
export async function backendsCpu({ query }: BenchDatabase): Promise<number | undefined> {
  const { rows } = await query(
    `select pid from pg_stat_activity where datname = current_database() and application_name = 'gatehouse'`
  )
  try {
    // The first number of schedstat is nanoseconds on a CPU.
    const used = rows.map(({ pid }) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]))
    return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1000
  } catch {
    return undefined
  }
}
