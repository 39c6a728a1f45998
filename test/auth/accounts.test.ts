import t, { test } from 'tap'
import { createHashing } from '../../src/auth/passwords/hashing.ts'
import { createPasswords, type Passwords } from '../../src/auth/passwords/passwords.ts'
import { problems } from '../../src/http/problems.ts'
import { usersRepository } from '../../src/repositories/users.ts'
import { accountsOn, clientAt } from '../helpers/accounts.ts'
import { password, startApp } from '../helpers/app.ts'
import { until } from '../helpers/wait.ts'

const { app, config, signUp } = await startApp(t)
const users = usersRepository(app.db)
const passwords = createPasswords(config)
const here = clientAt('192.0.2.1')
const hashOf = async (email: string) => (await users.findLogin(email))?.password_hash
const setHash = (id: string, password_hash: string) =>
  app.db.updateTable('users').set({ password_hash }).where('id', '=', id).execute()

test('a hash of another cost is replaced at the next successful login', async (t) => {
  const ann = await signUp()
  const accounts = accountsOn(t, app, config)
  const cheap = await createHashing({ bcryptCost: 5 }).hash(password)
  await setHash(ann.id, cheap)
  await t.rejects(accounts.login({ email: ann.email, password: 'wrong' }, here), { code: 'invalid_credentials' })
  t.equal(await hashOf(ann.email), cheap)
  await Promise.all(Array.from({ length: 5 }, () => accounts.login(ann, here)))
  await until('another hash', async () => (await hashOf(ann.email)) !== cheap)
  const raised = await hashOf(ann.email)
  t.match(raised, /^\$2b\$04\$/)
  await accounts.login(ann, here)
  t.equal(await hashOf(ann.email), raised, 'once')
})

test('a hash of another version of bcrypt is replaced at the next login', async (t) => {
  const accounts = accountsOn(t, app, config)
  for (const version of ['$2a$', '$2y$']) {
    const ann = await signUp()
    const other = (await createHashing({ bcryptCost: 4 }).hash(password)).replace('$2b$', version)
    await setHash(ann.id, other)
    await accounts.login(ann, here)
    await until('another hash', async () => (await hashOf(ann.email)) !== other)
    t.match(await hashOf(ann.email), /^\$2b\$04\$/, version)
    t.equal((await accounts.login(ann, here)).user.id, ann.id, 'the password is still right')
  }
})

test('a login checks the password once, also where there is no account or an inactive one, so that time reveals neither', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  await app.db.updateTable('users').set({ is_active: false }).where('id', '=', ben.id).execute()
  const checked: [password: string, hasHash: boolean][] = []
  const counting: Passwords = {
    ...passwords,
    enqueue: (client, work, options) =>
      passwords.enqueue(
        client,
        (hasher) =>
          work({
            ...hasher,
            verify(password, hash) {
              checked.push([password, hash !== undefined])
              return hasher.verify(password, hash)
            }
          }),
        options
      )
  }
  const { login } = accountsOn(t, app, config, { passwords: counting })
  for (const [email, hasHash, reason] of [
    [ann.email, true, 'wrong password'],
    [ben.email, true, 'wrong password'],
    ['nobody@example.com', false, 'unknown email']
  ] as const) {
    await t.rejects(login({ email, password: 'wrong-horse-7' }, here), { code: 'invalid_credentials', reason })
    t.strictSame(checked.splice(0), [['wrong-horse-7', hasHash]], email)
  }
  await t.rejects(login(ben, here), { code: 'invalid_credentials', reason: 'deactivated' }, 'only the log says why')
})

test('a login does not wait for its hash to be upgraded', async (t) => {
  const ann = await signUp()
  await setHash(ann.id, await createHashing({ bcryptCost: 5 }).hash(password))
  const later: string[] = []
  const whenIdle: Passwords['whenIdle'] = (id) => void later.push(id)
  await accountsOn(t, app, config, { passwords: { ...passwords, whenIdle } }).login(ann, here)
  t.strictSame(later, [ann.id])
})

test('a password changed during a hash upgrade stays changed', async (t) => {
  const ann = await signUp()
  const cheap = await createHashing({ bcryptCost: 5 }).hash(password)
  await setHash(ann.id, cheap)
  const changed = await createHashing({ bcryptCost: 4 }).hash('another-horse-8')
  const { promise: raised, resolve } = Promise.withResolvers<void>()
  const whenIdle: Passwords['whenIdle'] = async (_id, work) => {
    await setHash(ann.id, changed)
    await work({ rehash: async () => cheap })
    resolve()
  }
  await accountsOn(t, app, config, { passwords: { ...passwords, whenIdle } }).login(ann, here)
  await raised
  t.equal(await hashOf(ann.email), changed)
})

test('a login retries when the password hash has changed before the session opens', async (t) => {
  const ann = await signUp()
  const changed = await createHashing({ bcryptCost: 4 }).hash('another-horse-8')
  const slow: Passwords = {
    ...passwords,
    enqueue: async (client, work) => {
      const done = await passwords.enqueue(client, work)
      await setHash(ann.id, changed)
      return done
    }
  }
  const login = accountsOn(t, app, config, { passwords: slow }).login(ann, here)
  await t.rejects(login, { code: 'invalid_credentials' })
})

test('when a registration fails, waiting ones fail too, and a later one can succeed', async (t) => {
  let calls = 0
  const failing: Passwords = {
    ...passwords,
    enqueue: (client, work) =>
      calls++ === 0 ? Promise.reject(problems.unavailable('queue full')) : passwords.enqueue(client, work)
  }
  const { register } = accountsOn(t, app, config, { passwords: failing })
  const attempt = () =>
    register({ email: 'Ida@example.com', name: 'Ida', password }, here).then(
      () => 'made',
      ({ code }) => code
    )
  const atOnce = () => Promise.all([attempt(), attempt(), attempt()])
  t.strictSame(await atOnce(), ['unavailable', 'unavailable', 'unavailable'])
  t.strictSame(await atOnce(), ['made', 'email_taken', 'email_taken'])
  t.strictSame(await atOnce(), ['email_taken', 'email_taken', 'email_taken'])
  t.equal(calls, 3, 'one hash each time')
})

test('while passwords wait for a hash, a login goes before a registration', async (t) => {
  const ann = await signUp()
  const busy = createPasswords({ ...config, workers: 64 })
  let waiting = 0
  const begun: string[] = []
  const noting: Passwords = {
    ...busy,
    enqueue(client, work, options) {
      waiting += 1
      const noted: typeof work = (hasher) => {
        begun.push(client.ip)
        return work(hasher)
      }
      return busy.enqueue(client, noted, options)
    }
  }
  const { login, register } = accountsOn(t, app, config, { passwords: noting })
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const holding = busy.enqueue(clientAt('192.0.2.7'), () => held)
  const registered = register({ email: 'jo@example.com', name: 'Jo', password }, clientAt('192.0.2.8'))
  const loggedIn = login(ann, clientAt('192.0.2.9'))
  await until('both to wait', () => waiting === 2)
  release()
  await Promise.all([holding, registered, loggedIn])
  t.strictSame(begun, ['192.0.2.9', '192.0.2.8'])
})
