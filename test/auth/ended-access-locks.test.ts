import t, { test } from 'tap'
import { sessionsRepository } from '../../src/repositories/sessions.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { password, startApp } from '../helpers/app.ts'
import { type Pair, raceFor, racers, statementsWait, type Tokens } from '../helpers/races.ts'
import { sessionOf } from '../helpers/refreshing.ts'
import { server } from '../helpers/template.ts'

const { app, config } = await startApp(t)
const { as, refresh, twoSessions, changePassword, stepUp, logIn, ends, isOver } = racers(t, app, config)
const skip = !server && 'the embedded database runs one transaction after the other'

/** Operations that open or renew access; undefined if refused. */
const opens: Record<string, (pair: Pair) => Promise<Tokens | undefined>> = {
  'a login': ({ mine }) => logIn(mine).catch(() => undefined),
  'a password change': ({ mine }) => changePassword(mine).catch(() => undefined),
  'a step-up': ({ mine }) => stepUp(mine).catch(() => undefined),
  'a refresh': async ({ mine }) => {
    const answer = await refresh(mine.refresh_token)
    return answer.statusCode === 200 ? answer.json() : undefined
  },
  'a refresh in the grace period': async ({ mine }) => {
    const answer = await refresh(mine.refresh_token)
    return answer.statusCode === 200 ? answer.json() : undefined
  }
}
/** A login after these is a new one and not affected. */
const logouts = ['logout of all other sessions', 'logout of the session']
/** Refused itself, because the password change has ended its session. */
const overtaken = ['another change of the password', 'deletion by the user', 'logout of the session']

for (const [path, open] of Object.entries(opens))
  for (const [name, end] of Object.entries(ends))
    for (const first of [path, name]) {
      if (path === 'a login' && logouts.includes(name)) continue
      test(`concurrent ${path} and ${name}, ${first} first: ended access stays ended`, { skip }, async (t) => {
        const pair = await twoSessions()
        if (path.endsWith('grace period')) await refresh(pair.mine.refresh_token)
        const works = [() => open(pair), () => end(pair)]
        const outcomes = await raceFor<unknown>(app, 'sessions', first === path ? works : works.reverse())
        const opened = outcomes[first === path ? 0 : 1] as Tokens | undefined
        if (opened && path === 'a password change' && overtaken.includes(name)) {
          t.equal((await as(opened).get('/api/auth/me')).statusCode, 200, 'the change came first')
          await isOver(t, pair.other)
        } else await isOver(t, opened ?? pair.mine)
      })
    }

test('a logout waits for a concurrent operation that has locked its session', { skip }, async (t) => {
  const { mine } = await twoSessions()
  const { logout } = await app.db.transaction().execute(async (trx) => {
    await sessionsRepository(trx, config).hold(mine.user.id, sessionOf(mine.refresh_token))
    const logout = as(mine).post('/api/auth/logout')
    const first = await Promise.race([logout.then(() => 'ended'), statementsWait(app.db, 1).then(() => 'waits')])
    t.equal(first, 'waits')
    return { logout }
  })
  t.equal((await logout).statusCode, 200)
})

test('a step-up with the password waits for a change of the second factors', { skip }, async (t) => {
  const { mine } = await twoSessions()
  const { raised } = await app.db.transaction().execute(async (trx) => {
    await usersRepository(trx).hold(mine.user.id)
    const raised = as(mine).post('/api/auth/step-up', { password })
    const first = await Promise.race([raised.then(() => 'done'), statementsWait(app.db, 1).then(() => 'waits')])
    t.equal(first, 'waits')
    await trx
      .insertInto('totp_factors')
      .values({ user_id: mine.user.id, secret: Buffer.alloc(60), expires_at: null })
      .execute()
    return { raised }
  })
  t.equal((await raised).json().code, 'second_factor_required', 'it is on by now')
})
