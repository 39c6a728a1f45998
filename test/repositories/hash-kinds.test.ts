import t, { test } from 'tap'
import { readHashKinds } from '../../src/auth/passwords/hash-kinds.ts'
import { startApp } from '../helpers/app.ts'

const { app, signUp } = await startApp(t)
const { id } = await signUp()

const bcrypt = (cost: string) => `$2b$${cost}$${'x'.repeat(53)}`
const betterAuth = `${'0'.repeat(32)}:${'0'.repeat(128)}`
const none = { cost: 0, scrypt: false, pbkdf2: {}, argon2: [] }

const cases = [
  { hash: bcrypt('04'), kinds: { ...none, cost: 4 } },
  { hash: bcrypt('09'), kinds: { ...none, cost: 9 } },
  { hash: bcrypt('10'), kinds: { ...none, cost: 10 } },
  { hash: betterAuth, kinds: { ...none, scrypt: true } },
  { hash: 'firebase:Bw==:c2lnbmVy:c2FsdA==:aGFzaA==', kinds: { ...none, scrypt: true } }
]

for (const { hash, kinds } of cases)
  test(`readHashKinds tells which check a stored hash ${hash.slice(0, 10)}... needs`, async (t) => {
    await app.db.updateTable('users').set({ password_hash: hash }).where('id', '=', id).execute()
    t.strictSame(await readHashKinds(app.db), kinds)
  })

test('the hash kinds of several users are every kind among them and the highest cost', async (t) => {
  const users = [id, (await signUp()).id, (await signUp()).id]
  const store = async (...hashes: string[]) => {
    for (const [i, password_hash] of hashes.entries())
      await app.db.updateTable('users').set({ password_hash }).where('id', '=', String(users[i])).execute()
  }
  await store(bcrypt('08'), bcrypt('09'), betterAuth)
  t.strictSame(await readHashKinds(app.db), { ...none, cost: 9, scrypt: true })
  await store(bcrypt('10'), bcrypt('09'), betterAuth)
  t.strictSame(await readHashKinds(app.db), { ...none, cost: 10, scrypt: true })
  await store(bcrypt('10'), bcrypt('12'), bcrypt('11'))
  t.strictSame(await readHashKinds(app.db), { ...none, cost: 12 })
})
