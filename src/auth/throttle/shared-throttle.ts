import { randomInt } from 'node:crypto'
import { problems } from '../../http/problems.ts'
import type { SharedCounts } from '../../redis/redis.ts'
import {
  type Attempt,
  everywhere,
  type LocalThrottle,
  memory,
  namesOf,
  perPrefix,
  type Throttle,
  usual
} from './throttle.ts'
import { forget, giveBack, type Taken, take } from './throttle-scripts.ts'

/** Under which Redis keeps the number of its life: gone where it has lost everything. */
const life = 'life'

/**
 * The throttle of one process, `local`, made one for all processes by Redis: an attempt is counted there in one step, and
 * what it knows is learnt here. While Redis is away each process goes on from what it knows; what Redis has lost or never
 * heard of (it was away, restarted, emptied) is handed to it with the next attempt.
 */
export function createSharedThrottle(local: LocalThrottle, shared: SharedCounts, clock: () => number): Throttle {
  return {
    async begin(account, prefix, isUsual): Promise<Attempt> {
      const names = namesOf(account, prefix, isUsual)
      const [near, far] = names
      const limit = isUsual ? usual : everywhere
      const limits = [perPrefix.failures, perPrefix.window, limit.free, limit.longestWait, limit.failures, memory]
      const known = names.flatMap((name) => {
        const { failures, next, until, life = 0 } = local.recall(name)
        // From there, what counts ends with its window.
        return [failures, next, name === near ? next : until, life]
      })
      const said = await shared.run(take, [near, far, life], [clock(), randomInt(1, 2 ** 47), ...limits, ...known])
      const endRow = () => shared.tell(forget, [near, far], [])

      if (!said) {
        const { succeed, cancel } = local.begin(account, prefix, isUsual)
        return {
          succeed() {
            succeed()
            endRow()
          },
          cancel
        }
      }
      const [wait, theirLife, before, nearFailures, nearNext, farFailures, farNext, farUntil] = said as Taken
      local.learn(near, { failures: nearFailures, next: nearNext, until: nearNext, life: theirLife })
      local.learn(far, { failures: farFailures, next: farNext, until: farUntil, life: theirLife })
      if (wait > 0) throw problems.tooManyRequests(wait / 1000)
      return {
        succeed() {
          for (const name of names) local.learn(name, { failures: 0, next: 0, until: 0 })
          endRow()
        },
        cancel() {
          shared.tell(giveBack, [near, far], [farNext, before])
        }
      }
    }
  }
}
