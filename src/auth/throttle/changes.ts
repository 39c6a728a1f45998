import { problems } from '../../http/problems.ts'
import type { Windows } from '../../redis/windows.ts'

const hour = 60 * 60 * 1000

/** Changes of one kind that a user may make in an hour. Each has a row of its own in the audit trail, which nothing deletes. */
const maxChanges = 100

export type Change =
  | 'email.requested'
  | 'passkey.added'
  | 'password.changed'
  | 'recovery_codes.made'
  | 'token.created'
  | 'totp.on'

/**
 * Limits what adds to the ways into an account, so that the events of it can be stored one by one. What takes a way away is
 * never refused: it cannot happen more often. Throws `too_many_requests`. A change that fails is not counted.
 */
export function createChangeLimit({ enabled }: { enabled: boolean }, windows: Windows) {
  return async function limitChanges<T>(change: Change, userId: string, work: () => Promise<T>): Promise<T> {
    if (!enabled) return work()
    const { wait, giveBack } = await windows.count([{ name: `${change} ${userId}`, max: maxChanges, length: hour }])
    if (wait > 0) throw problems.tooManyRequests(wait / 1000)
    try {
      return await work()
    } catch (error) {
      giveBack()
      throw error
    }
  }
}

export type LimitChanges = ReturnType<typeof createChangeLimit>
