import t, { test } from 'tap'
import { caller, password, startApp } from '../helpers/app.ts'
import { bridgeToken } from '../helpers/mint.ts'

const { app, anyone } = await startApp(t)
const good = { email: 'ann@example.com', name: 'Ann', password }

test('a password may not be the email, in any spelling of it', async (t) => {
  for (const [email, ...same] of [
    ['ann-7@example.com', 'ann-7@example.com', 'Ann-7@Example.com'],
    [' ANN-7@example.com ', 'ann-7@example.com', 'Ann-7@Example.com'],
    ['ann-7@müller.de', 'ann-7@müller.de', 'Ann-7@MÜLLER.de', 'ann-7@xn--mller-kva.de'],
    ['ann-7@xn--mller-kva.de', 'ann-7@müller.de']
  ])
    for (const password of same) {
      const answer = await anyone.post('/api/auth/register', { ...good, email, password })
      t.match(answer.json(), {
        status: 400,
        errors: [{ pointer: '/password', message: 'must not be the email address' }]
      })
    }
})

test('an internationalised domain and its ASCII form are one mailbox, for registration and login', async (t) => {
  const spellings = ['anna@müller.de', ' Anna@MÜLLER.de', 'anna@mu\u0308ller.de', 'anna@xn--mller-kva.de']
  const [first = '', ...others] = spellings
  const user = (await anyone.post('/api/auth/register', { ...good, email: first })).json().user
  t.equal(user.email, 'anna@xn--mller-kva.de')
  for (const email of others)
    t.match((await anyone.post('/api/auth/register', { ...good, email })).json(), { status: 409 }, email)
  for (const email of spellings)
    t.match((await anyone.post('/api/auth/login', { email, password })).json(), { user: { id: user.id } }, email)
})

test('dots before the @ are part of the mailbox, wherever they are', async (t) => {
  const ids = new Set<string>()
  for (const email of ['a..b.@docomo.ne.jp', 'a.b.@docomo.ne.jp', 'ab@docomo.ne.jp']) {
    const registered = await anyone.post('/api/auth/register', { ...good, email })
    t.match(registered.json(), { user: { email } })
    const { user } = (await anyone.post('/api/auth/login', { email, password })).json()
    t.equal(user.email, email)
    ids.add(user.id)
  }
  t.equal(ids.size, 3)
})

const nameRule = 'must be: 1 to 100 characters, not only blanks, without U+0000; blanks around it are removed'
const passwordRule =
  'must be: at least 8 characters with a digit and a special character, or at least 15 of any kind; at most 72 bytes in UTF-8, without U+0000, not a common one, not the email; kept exactly as received'

test('each error is reported once, in plain words', async (t) => {
  const cases: [object, string, string[]][] = [
    [
      { email: 'josé@example.com' },
      '/email',
      ["must have only the letters a-z, digits and .!#$%&'*+-/=?^_`{|}~ before the @, and no dot at the start"]
    ],
    [{ email: 'admin@localhost' }, '/email', ['must have a domain such as example.com after the @']],
    [{ email: 'ann' }, '/email', ['must be an email address such as ann@example.com']],
    [{ email: 5 }, '/email', ['must be string']],
    [{ name: '' }, '/name', ['must not be empty', nameRule]],
    [{ name: 'x'.repeat(101) }, '/name', ['must be at most 100 characters long']],
    [{ password: 'no-digit-here' }, '/password', [passwordRule]],
    [{ password: 'short-7' }, '/password', ['must be at least 8 characters long']]
  ]
  for (const [field, pointer, messages] of cases) {
    const { errors } = (await anyone.post('/api/auth/register', { ...good, ...field })).json()
    t.strictSame(
      errors,
      messages.map((message) => ({ pointer, message })),
      JSON.stringify(field)
    )
  }
})

test("a foreign user's email is normalized like ours", async (t) => {
  for (const [email, ours] of [
    ['Anna@MÜLLER.de', 'anna@xn--mller-kva.de'],
    ['anna@xn--mller-kva.de', 'anna@xn--mller-kva.de'],
    ['a..b.@docomo.ne.jp', 'a..b.@docomo.ne.jp']
  ])
    t.equal((await caller(app, bridgeToken({ email })).get('/api/auth/me')).json().email, ours)
})
