import t, { test } from 'tap'
import { password, startApp } from '../helpers/app.ts'

const { app, signUp, anyone, lettersTo } = await startApp(t)
const firefox = (version: number) =>
  `Mozilla/5.0 (X11; Linux x86_64; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`
const safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1'
const login = async (email: string, remoteAddress: string, agent = firefox(140), headers = {}) =>
  anyone.post('/api/auth/login', { email, password }, { remoteAddress, headers: { 'user-agent': agent, ...headers } })
const notices = async (email: string) =>
  (await lettersTo(email)).filter(({ subject }) => /sign-in|Anmeldung/.test(subject))

test('a login from a new network or with a new browser sends the owner one notice', async (t) => {
  const { email } = await signUp()
  await login(email, '192.0.2.1')
  t.strictSame(await notices(email), [], 'not the first login after signing up')
  await login(email, '192.0.2.1', firefox(141))
  t.strictSame(await notices(email), [], 'nor an update of the browser')
  await login(email, '192.0.2.2')
  const [letter, ...more] = await notices(email)
  t.strictSame(more, [])
  t.equal(letter?.subject, 'New sign-in to your Gatehouse account')
  t.match(letter?.text, 'the network 192.0.2.2 (Firefox on Linux)')
  t.equal(letter?.link, undefined, 'a notice has no link that acts')
  await login(email, '192.0.2.2')
  t.equal((await notices(email)).length, 1, 'not again')
  await login(email, '192.0.2.1', safari, { 'accept-language': 'de' })
  t.match((await notices(email)).at(-1), {
    subject: 'Gatehouse: Neue Anmeldung bei Ihrem Konto',
    text: /192\.0\.2\.1 \(Safari auf iPhone\)/
  })
})

test('addresses in one IPv6 /64 count as one network', async (t) => {
  const { email } = await signUp()
  await login(email, '2001:db8:1:1::1')
  await login(email, '2001:db8:1:1:ffff::2')
  t.strictSame(await notices(email), [])
  await login(email, '2001:db8:1:2::1')
  t.match((await notices(email)).at(0)?.text, /the network 2001:db8:1:2:: \(/)
})

test('the first login on the device that signed up, and failed logins, send no notice', async (t) => {
  const { email } = await signUp()
  await anyone.post('/api/auth/login', { email, password })
  await login(email, '192.0.2.1')
  t.equal((await notices(email)).length, 1, 'the second one is')
  const wrong = { email, password: 'wrong' }
  await anyone.post('/api/auth/login', wrong, { remoteAddress: '192.0.2.9' })
  t.equal((await notices(email)).length, 1)
})

test('a login sends a notice if the addresses of all earlier logins have been erased', async (t) => {
  const { id, email } = await signUp()
  await app.db.updateTable('security_events').set({ address: null }).where('user_id', '=', id).execute()
  await login(email, '192.0.2.1')
  t.equal((await notices(email)).length, 1)
})

test('one recipient gets at most ten notices of logins an hour', async (t) => {
  const { email } = await signUp()
  for (let i = 0; i < 14; i++) {
    await login(email, `192.0.2.${i}`)
    await notices(email)
  }
  t.equal((await notices(email)).length, 10)
})

test('a notice is written in the transaction of the login', async (t) => {
  const { email } = await signUp()
  await login(email, '192.0.2.1')
  const { sender } = app.mail
  const executor = app.db.getExecutor()
  await sender?.idle()
  const asked = t.capture(executor, 'executeQuery', executor.executeQuery)
  await login(email, '192.0.2.2')
  t.equal((await notices(email)).length, 1)
  const outside = asked().filter(({ args: [query] }) => /^insert into "mails"/.test(query.sql))
  t.strictSame(outside, [], 'not by the pool')
})

test('a change of the password sends the owner a notice', async (t) => {
  const ann = await signUp()
  await ann.put('/api/auth/password', { current_password: password, new_password: 'another-horse-8' })
  t.match((await lettersTo(ann.email)).at(-1)?.subject, 'Your Gatehouse password was changed')
})

test('in production without a mail server a login writes no notice', async (t) => {
  const strong = 'q3Zx0vJr8Kt5Yb2Nw7Lm4Pd1Hs6Gf9Cu'
  const settings = { NODE_ENV: 'production', BETTER_AUTH_SECRET: strong }
  const { app, signUp, anyone } = await startApp(t, { settings })
  const { email } = await signUp()
  for (const remoteAddress of ['192.0.2.1', '192.0.2.2'])
    t.equal((await anyone.post('/api/auth/login', { email, password }, { remoteAddress })).statusCode, 200)
  t.strictSame(await app.db.selectFrom('mails').select('id').execute(), [])
})
