import type { Answer, Caller } from '../helpers/http.ts'
import { shuffled } from '../helpers/statistics.ts'
import type { AccountsOfRun, Person } from './people.ts'
import type { Planned } from './plan.ts'
import { type Spread, spreadOf } from './samples.ts'

export interface Validation {
  /** The operation that asks for a token, and the one that is compared with it and asks for none. */
  withToken: string
  without: string
  /** Milliseconds of each request, by kind. */
  times: Record<'without' | 'first' | 'again' | 'refused', Spread>
  /** Differences of the requests of a pair, in milliseconds. */
  added: Record<'first' | 'again', Spread>
}

interface Comparison {
  call: Caller
  accounts: AccountsOfRun
  people: Person[]
  planned: Planned[]
  pairs: number
  signal: AbortSignal
}

const isOk = ({ status }: Answer) => status >= 200 && status < 300

/**
 * Compares what requests with a token take with those without, in pairs, one request at a time: `GET /api/auth/me` when
 * the deployment sees the token for the first time, and again, with the liveness check. Each pair has a token of its own.
 */
export async function compareValidation({ call, accounts, people, planned, pairs, signal }: Comparison) {
  const reads = planned.filter(({ kind, operation }) => kind === 'read' && !operation.path.includes('{'))
  const ofId = (id: string) => reads.find(({ operation }) => operation.id === id)?.operation
  const me = ofId('getMe') ?? reads.find(({ operation }) => operation.isProtected)?.operation
  const open = ofId('getLiveness') ?? reads.find(({ operation }) => !operation.isProtected)?.operation
  if (!me || !open) return undefined

  const times = { without: [] as number[], first: [] as number[], again: [] as number[], refused: [] as number[] }
  const added = { first: [] as number[], again: [] as number[] }
  /** Milliseconds, or undefined if the answer is not as expected. */
  const take = async (path: string, token?: string, status?: number) => {
    const answer = await call('GET', path, { token })
    return (status === undefined ? isOk(answer) : answer.status === status) ? answer.ms : undefined
  }
  for (let pair = 0; pair < pairs && !signal.aborted; pair += 1) {
    const person = people[pair % people.length] as Person
    const tokens = await accounts.refresh(person.refreshToken)
    if (!tokens) break
    person.refreshToken = tokens.refresh_token
    const { access_token: token } = tokens
    const found: Partial<Record<keyof typeof times, number | undefined>> = {}
    // In random order, so that no kind profits from its place. The first use comes before the second.
    for (const kind of shuffled(['without', 'token', 'refused'] as const)) {
      if (kind === 'without') found.without = await take(open.path)
      else if (kind === 'refused') found.refused = await take(me.path, undefined, 401)
      else [found.first, found.again] = [await take(me.path, token), await take(me.path, token)]
    }
    for (const kind of Object.keys(times) as (keyof typeof times)[]) {
      const value = found[kind]
      if (value !== undefined) times[kind].push(value)
    }
    for (const kind of ['first', 'again'] as const) {
      const [one, base] = [found[kind], found.without]
      if (one !== undefined && base !== undefined) added[kind].push(one - base)
    }
  }
  const all = { times: spreads(times), added: spreads(added) }
  if (!all.times || !all.added) return undefined
  return { withToken: me.name, without: open.name, times: all.times, added: all.added } satisfies Validation
}

/** Undefined if one of them has no values. */
function spreads<K extends string>(values: Record<K, number[]>): Record<K, Spread> | undefined {
  const entries = Object.entries<number[]>(values).map(([name, list]) => [name, spreadOf(list)] as const)
  return entries.every(([, spread]) => spread) ? (Object.fromEntries(entries) as Record<K, Spread>) : undefined
}
