import { hashSync } from '@node-rs/bcrypt'
import t, { test } from 'tap'
import { up } from '../../migrations/0007_ascii_email_domains.ts'
import { password, startApp } from '../helpers/app.ts'

const { app, anyone, signUp } = await startApp(t)
const password_hash = hashSync(password, { cost: 10 })
const logIn = (email: string) => anyone.post('/api/auth/login', { email, password })

async function add(email: string, issuer: string | null = null): Promise<string> {
  const id = crypto.randomUUID()
  const whose = issuer === null ? { password_hash } : { issuer, subject: id }
  await app.db
    .insertInto('users')
    .values({ id, email, name: 'Somebody', ...whose })
    .execute()
  return id
}
const emailOf = async (id: string) =>
  (await app.db.selectFrom('users').select('email').where('id', '=', id).executeTakeFirstOrThrow()).email

test('a user imported with an internationalised domain can log in with either form', async (t) => {
  const id = await add('anna@müller.de')
  t.equal((await logIn('anna@müller.de')).statusCode, 401)
  await up(app.db)
  for (const email of ['anna@müller.de', 'anna@xn--mller-kva.de'])
    t.match((await logIn(email)).json(), { user: { id, email: 'anna@xn--mller-kva.de' } })
})

test('no account loses its address, and a domain without an ASCII form stays', async (t) => {
  const { email: taken } = await signUp('bo@bücher.de')
  const untouched = [
    'bo@bücher.de',
    'josé@example.com',
    'x@mü/ller.de',
    'x@mü..',
    `x@${'ü.'.repeat(100)}de`,
    'x@1א.com'
  ]
  const ids = new Map<string, string>()
  for (const email of untouched) ids.set(email, await add(email))
  const foreign = await add('cy@müller.de', 'https://issuer.example.com')
  await up(app.db)
  await up(app.db)
  for (const [email, id] of ids) t.equal(await emailOf(id), email)
  t.equal(await emailOf(foreign), 'cy@müller.de', "another issuer's user is not looked for by email")
  t.equal((await logIn(taken)).statusCode, 200)
})
