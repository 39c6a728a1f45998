import type { Kysely } from 'kysely'
import type { ActivityDay } from '../../schemas/audit.ts'
import type { Database } from '../database/tables.ts'
import { eventLists } from '../repositories/event-lists.ts'

const day = 24 * 60 * 60 * 1000
/** Milliseconds after its end from which a day does not change. */
const settled = 60 * 60 * 1000
const mostDays = 90

/** Counts events per day. A day that is over is counted once in each process. */
export function createStatistics(db: Kysely<Database>, clock: () => number) {
  const { countDay } = eventLists(db)
  const known = new Map<string, ActivityDay>()

  return async function lastDays(count: number): Promise<ActivityDay[]> {
    const now = clock()
    const items: ActivityDay[] = []
    for (let ago = count - 1; ago >= 0; ago--) {
      const name = new Date(now - ago * day).toISOString().slice(0, 10)
      const found = known.get(name) ?? { day: name, ...(await countDay(name)) }
      if (now > Date.parse(name) + day + settled) known.set(name, found)
      items.push(found)
    }
    for (const name of [...known.keys()].sort().slice(0, -mostDays)) known.delete(name)
    return items
  }
}

export type Statistics = ReturnType<typeof createStatistics>
