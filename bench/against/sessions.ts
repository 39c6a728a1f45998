import { setTimeout as sleep } from 'node:timers/promises'
import type { AccountsOfRun, Person } from './people.ts'

/** Milliseconds from one login to the next: far below the limits on attempts, and a tenth of a core for bcrypt. */
const interval = 2000

/** Logs in, refreshes and logs out, one person after the other, until the work is done. */
export async function withSessions<T>(accounts: AccountsOfRun, people: Person[], work: () => Promise<T>): Promise<T> {
  const over = new AbortController()
  async function cycle(person: Person): Promise<void> {
    const opened = await accounts.logIn(person)
    const renewed = opened && (await accounts.refresh(opened.refresh_token))
    if (renewed) await accounts.logOut(renewed.access_token)
  }
  const cycles = (async () => {
    for (let turn = 0; !over.signal.aborted; turn += 1) {
      const begin = performance.now()
      // What failed is noted by the accounts; a request without an answer is noted by the steps.
      await cycle(people[turn % people.length] as Person).catch(() => {})
      const rest = interval - (performance.now() - begin)
      await sleep(Math.max(0, rest), undefined, { signal: over.signal }).catch(() => {})
    }
  })()
  try {
    return await work()
  } finally {
    over.abort()
    await cycles
  }
}
