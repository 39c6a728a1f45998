import t, { test } from 'tap'
import { emailChangesRepository } from '../../src/repositories/email-changes.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { password, startApp } from '../helpers/app.ts'
import { tokenOf } from '../helpers/mailbox.ts'
import { raceFor, statementsWait } from '../helpers/races.ts'
import { server } from '../helpers/template.ts'

const { app, signUp, anyone, lettersTo } = await startApp(t)
const skip = !server && 'the embedded database runs one transaction after the other'
const fresh = () => `${crypto.randomUUID()}@example.com`
const lastTo = async (email: string) => tokenOf((await lettersTo(email)).at(-1))
const post = async (name: string, token: string) => (await anyone.post(`/api/auth/email/${name}`, { token })).statusCode
const register = async (email: string) =>
  (await anyone.post('/api/auth/register', { email, name: 'Eve', password })).statusCode
const ownersOf = (email: string) => app.db.selectFrom('users').select('id').where('email', '=', email).execute()

async function asked(email = fresh()) {
  const ann = await signUp()
  await ann.post('/api/auth/email/change', { email })
  return { ann, email, confirmation: await lastTo(email), cancellation: await lastTo(ann.email) }
}
const emailOf = async ({ id }: { id: string }) =>
  (await app.db.selectFrom('users').select('email').where('id', '=', id).executeTakeFirst())?.email

for (const first of ['confirm', 'cancel'])
  test(`concurrent confirmation and cancellation, ${first} first: the old address stays`, { skip }, async (t) => {
    const { ann, confirmation, cancellation } = await asked()
    const works = [() => post('confirm', confirmation), () => post('cancel', cancellation)]
    const outcomes = await raceFor(app, 'email_changes', first === 'confirm' ? works : works.reverse())
    t.strictSame(outcomes, first === 'confirm' ? [200, 200] : [200, 401])
    t.equal(await emailOf(ann), ann.email)
    t.strictSame(await app.db.selectFrom('sessions').select('id').where('user_id', '=', ann.id).execute(), [])
  })

for (const name of ['confirm', 'cancel'] as const)
  test(`of two requests at once to ${name} a change, one succeeds`, { skip }, async (t) => {
    const { ann, email, confirmation, cancellation } = await asked()
    const work = () => post(name, name === 'confirm' ? confirmation : cancellation)
    t.strictSame(await raceFor(app, 'email_changes', [work, work]), [200, 401])
    t.equal(await emailOf(ann), name === 'confirm' ? email : ann.email)
  })

for (const first of ['the confirmation', 'the registration'])
  test(`a new address belongs to one user after a concurrent registration, ${first} first`, { skip }, async (t) => {
    const { email, confirmation } = await asked()
    const works = [() => post('confirm', confirmation), () => register(email)]
    const outcomes = await raceFor(app, 'users', first === 'the confirmation' ? works : works.reverse())
    t.strictSame(outcomes.map((status) => status < 300).sort(), [false, true], outcomes.join())
    t.ok(outcomes.includes(409))
    t.equal((await ownersOf(email)).length, 1)
  })

test('of two changes to one address at once, one succeeds', { skip }, async (t) => {
  const [one, two] = [await asked(), await asked()]
  const email = fresh()
  await app.db
    .updateTable('email_changes')
    .set({ new_email: email })
    .where('user_id', 'in', [one.ann.id, two.ann.id])
    .execute()
  const works = [one, two].map(
    ({ confirmation }) =>
      () =>
        post('confirm', confirmation)
  )
  t.strictSame((await raceFor(app, 'users', works)).sort(), [200, 409])
  t.equal((await ownersOf(email)).length, 1)
})

test('a registration that waits for a change does not get the old address', { skip }, async (t) => {
  const { ann, email } = await asked()
  const { id } = await app.db
    .selectFrom('email_changes')
    .select('id')
    .where('user_id', '=', ann.id)
    .executeTakeFirstOrThrow()
  let registered: Promise<number> | undefined
  await app.db.transaction().execute(async (trx) => {
    await emailChangesRepository(trx).confirm(ann.id, id)
    await usersRepository(trx).changeEmail(ann.id, ann.email, email)
    registered = register(ann.email)
    await statementsWait(app.db, 1)
  })
  t.equal(await registered, 409)
  t.strictSame(await ownersOf(ann.email), [])
})

const ends = {
  deactivation: (id: string) => app.db.updateTable('users').set({ is_active: false }).where('id', '=', id).execute(),
  deletion: (id: string) => app.db.deleteFrom('users').where('id', '=', id).execute()
}
for (const [what, end] of Object.entries(ends))
  for (const name of ['confirm', 'cancel'] as const)
    test(`a ${what} during a request to ${name} has one outcome`, { skip }, async (t) => {
      const { ann, email, confirmation, cancellation } = await asked()
      if (name === 'cancel') await post('confirm', confirmation)
      const work = () => post(name, name === 'confirm' ? confirmation : cancellation)
      const [status] = await raceFor<unknown>(app, 'users', [work, () => end(ann.id)])
      t.equal(status, 200, 'it came first')
      t.equal(await emailOf(ann), what === 'deletion' ? undefined : name === 'confirm' ? email : ann.email)
      t.equal(await work(), 401, 'afterwards')
    })
