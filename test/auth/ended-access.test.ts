import t, { test } from 'tap'
import { createHashing } from '../../src/auth/passwords/hashing.ts'
import { password, startApp } from '../helpers/app.ts'
import { racers } from '../helpers/races.ts'
import { until } from '../helpers/wait.ts'

const { app, config } = await startApp(t)
const race = racers(t, app, config)
const { as, twoSessions, changePassword, removeAccount, stepUp, logIn, ends, heldAccounts, isOver, userOf } = race

type Tokens = Awaited<ReturnType<typeof twoSessions>>['mine']
type Held = ReturnType<typeof heldAccounts>['held']

const inProgress: Record<string, (tokens: Tokens, held: Held) => Promise<unknown>> = {
  'a password change': (mine, held) => changePassword(mine, undefined, held),
  'an account deletion': (mine, held) => removeAccount(mine, held),
  'a step-up': (mine, held) => stepUp(mine, held)
}

for (const [what, start] of Object.entries(inProgress))
  for (const [name, end] of Object.entries(ends))
    test(`${what} in progress is refused after ${name}, and changes nothing`, async (t) => {
      const pair = await twoSessions()
      const { gate, held } = heldAccounts()
      const outcome = start(pair.mine, held).then(
        () => 'done',
        ({ code }) => code
      )
      await gate.arrived
      await end(pair)
      const left = await userOf(pair)
      gate.open()
      t.equal(await outcome, 'token_revoked')
      t.strictSame(await userOf(pair), left, 'the account is as it was left')
      await isOver(t, pair.mine)
    })

for (const name of [
  'deactivation',
  'deletion by an operator',
  'deletion by the user',
  'another change of the password'
])
  test(`a login in progress is refused after ${name}`, async (t) => {
    const pair = await twoSessions()
    const { gate, held } = heldAccounts()
    const outcome = logIn(pair.mine, held).catch(({ code }) => code)
    await gate.arrived
    await ends[name]?.(pair)
    gate.open()
    t.equal(await outcome, 'invalid_credentials')
  })

test('a password change succeeds although a concurrent login upgrades the hash', async (t) => {
  const { mine } = await twoSessions()
  const cheap = await createHashing({ bcryptCost: 5 }).hash(password)
  await app.db.updateTable('users').set({ password_hash: cheap }).where('id', '=', mine.user.id).execute()
  const { gate, held } = heldAccounts()
  const changed = changePassword(mine, undefined, held)
  await gate.arrived
  await logIn(mine)
  const isRaised = async () => (await userOf({ mine, other: mine }))[0]?.password_hash !== cheap
  await until('the hash to be raised', isRaised)
  gate.open()
  t.equal((await as(await changed).get('/api/auth/me')).statusCode, 200)
  await t.rejects(logIn(mine), { code: 'invalid_credentials' })
})
