import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { type Kysely, sql } from 'kysely'
import type { Test } from 'tap'
import { createPasswords, type Passwords } from '../../src/auth/passwords/passwords.ts'
import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts'
import type { AccessToken } from '../../src/auth/tokens/claims.ts'
import { parseJws } from '../../src/auth/tokens/jws.ts'
import type { Config } from '../../src/config/config.ts'
import type { Database } from '../../src/database/tables.ts'
import { accountsOn, clientAt } from './accounts.ts'
import { caller, password } from './app.ts'
import { type Issued, refreshing } from './refreshing.ts'
import { until } from './wait.ts'

const here = clientAt('192.0.2.1')
export const nextPassword = 'another-horse-8'

/** A gate that holds work: `arrived` resolves when the work gets there, and `open` releases it. */
export function createGate() {
  const arrival = Promise.withResolvers<void>()
  const opening = Promise.withResolvers<void>()
  return {
    arrived: arrival.promise,
    open: opening.resolve,
    async pass(): Promise<void> {
      arrival.resolve()
      await opening.promise
    }
  }
}

/**
 * Waits until this many statements wait for a lock in this test's database. The one that writes the last use of sessions each minute
 * does not count: it is no part of the race.
 */
export async function statementsWait(db: Kysely<Database>, count: number): Promise<void> {
  await until(`${count} statements that wait for a lock`, async () => {
    const { rows } = await sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
        and query not like '%set last_used_at%'`.execute(db)
    return rows.length === count
  })
}

/** Starts jobs that write to the same table, in order, each up to its first lock, and then releases all. */
export async function raceFor<T>(app: FastifyInstance, table: string, works: (() => Promise<T>)[]): Promise<T[]> {
  const running: Promise<T>[] = []
  await app.db.transaction().execute(async (trx) => {
    await sql`lock table ${sql.table(table)} in share mode`.execute(trx)
    for (const work of works) {
      const begun = work()
      running.push(begun)
      const early = begun.then((outcome) => assert.fail(`it ended before it waited: ${JSON.stringify(outcome)}`))
      await Promise.race([statementsWait(app.db, running.length), early])
      early.catch(() => {})
    }
  })
  return Promise.all(running)
}

export interface Tokens {
  access_token: string
  refresh_token?: string
}

/** Two sessions of one user: the acting one, and another. */
export interface Pair {
  mine: Issued
  other: Issued
}

/** Operations that open, renew and end access, with accounts whose hashing can be held. */
export function racers(t: Test, app: FastifyInstance, config: Config) {
  const { refresh, register, login } = refreshing(app)
  const passwords = createPasswords({ bcryptCost: 4 })
  const accounts = accountsOn(t, app, config, { passwords })
  const { verify } = createAccessTokens(config, app.jwt, Date.now)
  const tokenOf = ({ access_token }: { access_token: string }) => verify(parseJws(access_token)) as AccessToken
  const as = ({ access_token }: Tokens) => caller(app, access_token)

  async function twoSessions(): Promise<Pair> {
    const mine = await register()
    return { mine, other: await login(mine) }
  }

  const changePassword = (mine: Tokens, new_password = nextPassword, { changePassword } = accounts) =>
    changePassword(tokenOf(mine), { current_password: password, new_password }, here)
  const removeAccount = (issued: Issued, { remove } = accounts) =>
    remove(issued.user.id, tokenOf(issued), password, here)
  const stepUp = (mine: Tokens, { stepUp } = accounts) => stepUp(tokenOf(mine), { password }, here)
  const logIn = ({ user }: Issued, { login } = accounts) => login({ email: user.email, password }, here)

  /** Operations that end access, by SQL or from the user's other session. */
  const ends: Record<string, (pair: Pair) => Promise<unknown>> = {
    deactivation: ({ mine }) =>
      app.db.updateTable('users').set({ is_active: false }).where('id', '=', mine.user.id).execute(),
    'deletion by an operator': ({ mine }) => app.db.deleteFrom('users').where('id', '=', mine.user.id).execute(),
    'deletion by the user': ({ other }) => removeAccount(other).catch(({ code }) => code),
    'another change of the password': ({ other }) => changePassword(other, 'third-horse-9').catch(({ code }) => code),
    'logout of all other sessions': ({ other }) => as(other).delete('/api/auth/sessions'),
    'logout of the session': ({ mine }) => as(mine).post('/api/auth/logout')
  }

  /** Accounts that stop at a gate after a password has been checked. */
  function heldAccounts() {
    const gate = createGate()
    const held: Passwords = { ...passwords, enqueue: (...given) => passwords.enqueue(...given).finally(gate.pass) }
    return { gate, held: accountsOn(t, app, config, { passwords: held }) }
  }

  /** Checks that no token of a session works. */
  async function isOver(t: Test, issued: Tokens): Promise<void> {
    await app.revocations.catchUp()
    t.equal((await as(issued).get('/api/auth/me')).statusCode, 401, 'the access token is refused')
    t.equal((await refresh(issued.refresh_token ?? '')).statusCode, 401, 'the refresh token is refused')
  }

  const userOf = ({ mine }: Pair) => app.db.selectFrom('users').selectAll().where('id', '=', mine.user.id).execute()

  return {
    as,
    refresh,
    login,
    twoSessions,
    changePassword,
    removeAccount,
    stepUp,
    logIn,
    ends,
    heldAccounts,
    isOver,
    userOf
  }
}
