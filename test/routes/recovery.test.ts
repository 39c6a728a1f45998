import { sql } from 'kysely'
import t, { test } from 'tap'
import { newId } from '../../src/util/ids.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { codeOf, tokenOf } from '../helpers/mailbox.ts'
import { refused } from '../helpers/refused.ts'
import { until } from '../helpers/wait.ts'

const { app, signUp, anyone, lettersTo } = await startApp(t)
const next = 'another-horse-8'
const forgot = (email: string, headers = {}) => anyone.post('/api/auth/password/forgot', { email }, { headers })
const reset = (body: object) => anyone.post('/api/auth/password/reset', body)
const login = (email: string, password: string) => anyone.post('/api/auth/login', { email, password })

/** Asks for a mail, and returns its letter. */
async function ask(email: string) {
  await forgot(email)
  return (await lettersTo(email)).at(-1)
}

test('a forgotten password is replaced by the link of the mail, and every session ends', async (t) => {
  const ann = await signUp()
  const other = (await login(ann.email, password)).json()
  const answer = await forgot(` ${ann.email.toUpperCase()} `)
  t.equal(answer.statusCode, 202)
  const [letter, ...more] = await lettersTo(ann.email)
  t.strictSame(more, [])
  const token = tokenOf(letter)
  t.match(letter?.link, `http://localhost:8000/reset#token=${token}`)
  t.equal((await reset({ token, new_password: next })).statusCode, 200)
  for (const { token } of [ann, { token: other.access_token }])
    refused(t, await caller(app, token).get('/api/auth/me'), 'token_revoked', 'a session that was open')
  refused(t, await anyone.post('/api/auth/refresh', { refresh_token: other.refresh_token }), 'invalid_token', 'refresh')
  t.equal((await login(ann.email, password)).statusCode, 401)
  t.equal((await login(ann.email, next)).statusCode, 200)
  refused(t, await reset({ token, new_password: password }), 'invalid_token', 'the link works once')
  t.match((await lettersTo(ann.email)).at(-1)?.subject, /was changed/, 'the owner is told')
})

test('the code of the mail resets the password once, with or without its space, and invalidates the link', async (t) => {
  for (const write of [(code: string) => code, (code: string) => code.replace(' ', '')]) {
    const ann = await signUp()
    const letter = await ask(ann.email)
    const given = { email: ann.email, code: write(codeOf(letter)), new_password: next }
    t.equal((await reset(given)).statusCode, 200)
    t.equal((await login(ann.email, next)).statusCode, 200)
    refused(t, await reset(given), 'invalid_token', 'again')
    refused(t, await reset({ token: tokenOf(letter), new_password: password }), 'invalid_token', 'the link')
  }
})

test('a mail to an address that the account no longer has sets no password', async (t) => {
  const ann = await signUp()
  const token = tokenOf(await ask(ann.email))
  const email = `moved-${ann.email}`
  await app.db.updateTable('users').set({ email }).where('id', '=', ann.id).execute()
  refused(t, await reset({ token, new_password: next }), 'invalid_token', 'by the link')
  t.equal((await login(email, password)).statusCode, 200, 'nothing changed')
})

test('after five wrong codes the right one is refused too; the link still works', async (t) => {
  const ann = await signUp()
  const letter = await ask(ann.email)
  const code = codeOf(letter)
  const wrong = code === '0000 0000' ? '1111 1111' : '0000 0000'
  const attempt = (code: string) => reset({ email: ann.email, code, new_password: next })
  for (let i = 0; i < 5; i++) refused(t, await attempt(wrong), 'invalid_token', `try ${i + 1}`)
  refused(t, await attempt(code), 'invalid_token', 'the right code')
  t.equal((await login(ann.email, password)).statusCode, 200, 'nothing changed')
  t.equal((await reset({ token: tokenOf(letter), new_password: next })).statusCode, 200, 'the link still works')
})

test('of 30 codes tried at once, five are checked', async (t) => {
  const ann = await signUp()
  const code = codeOf(await ask(ann.email))
  const codes = Array.from({ length: 30 }, (_, i) =>
    String((Number(code.replace(' ', '')) + 1 + i) % 1e8).padStart(8, '0')
  )
  const answers = await Promise.all(codes.map((code) => reset({ email: ann.email, code, new_password: next })))
  t.ok(answers.every(({ statusCode }) => statusCode === 401))
  const { tries } = await app.db
    .selectFrom('mail_tokens')
    .select('tries')
    .where('email', '=', ann.email)
    .executeTakeFirstOrThrow()
  t.equal(tries, 5)
})

test('a refused new password consumes neither the link nor the code', async (t) => {
  const ann = await signUp()
  const letter = await ask(ann.email)
  const [token, code] = [tokenOf(letter), codeOf(letter)]
  const { email } = ann
  const bad = ['short-1', 'password-1', password, email, 'é'.repeat(40)]
  // More often than a wrong code is tried.
  for (const new_password of [...bad, ...bad])
    for (const given of [{ token }, { email, code }]) {
      const answer = await reset({ ...given, new_password })
      t.match(answer.json(), { status: 400, errors: [{ pointer: '/new_password' }] }, new_password)
    }
  t.equal((await ann.get('/api/auth/me')).statusCode, 200, 'no session ended')
  t.equal((await reset({ email, code, new_password: next })).statusCode, 200)
})

test('a newer mail invalidates the older one, and an older one that is sent later changes nothing', async (t) => {
  const ann = await signUp()
  const [first, second] = [await ask(ann.email), await ask(ann.email)]
  t.not(tokenOf(first), tokenOf(second))
  refused(t, await reset({ token: tokenOf(first), new_password: next }), 'invalid_token', 'the older link')
  const late = { done_at: null, next_at: new Date(0).toISOString() }
  await app.db.updateTable('mails').set(late).where('id', '=', String(first?.id)).execute()
  app.mail.wake()
  t.equal((await lettersTo(ann.email)).length, 2, 'it is not sent again')
  t.equal((await reset({ token: tokenOf(second), new_password: next })).statusCode, 200)
})

test('a change of the password invalidates the mails before it', async (t) => {
  const ann = await signUp()
  const letter = await ask(ann.email)
  await ann.put('/api/auth/password', { current_password: password, new_password: next })
  for (const given of [{ token: tokenOf(letter) }, { email: ann.email, code: codeOf(letter) }])
    refused(t, await reset({ ...given, new_password: 'third-horse-9' }), 'invalid_token', 'afterwards')
})

test('a link is valid for half an hour', async (t) => {
  const ann = await signUp()
  const token = tokenOf(await ask(ann.email))
  const { expires_at } = await app.db
    .selectFrom('mail_tokens')
    .select('expires_at')
    .where('email', '=', ann.email)
    .executeTakeFirstOrThrow()
  const left = (new Date(expires_at).getTime() - Date.now()) / 60_000
  t.ok(left > 28 && left < 31, `${left} minutes`)
  await app.db
    .updateTable('mail_tokens')
    .set({ expires_at: new Date(0).toISOString() })
    .where('email', '=', ann.email)
    .execute()
  refused(t, await reset({ token, new_password: next }), 'invalid_token', 'expired')
})

test('of 20 requests with one link at once, one succeeds', async (t) => {
  const ann = await signUp()
  const token = tokenOf(await ask(ann.email))
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => reset({ token, new_password: `several-horses-${i}` }))
  )
  const won = answers.flatMap(({ statusCode }, i) => (statusCode === 200 ? [i] : []))
  t.equal(won.length, 1)
  t.equal((await login(ann.email, `several-horses-${won[0]}`)).statusCode, 200)
})

test('known and unknown addresses get the same response, row and statements', async (t) => {
  const ann = await signUp()
  const nobody = `${crypto.randomUUID()}@example.com`
  const from = { 'user-agent': 'tap', 'x-request-id': 'the-same' }
  const bare = ({ statusCode, body, headers }: Awaited<ReturnType<typeof forgot>>) => ({
    ...{ statusCode, body },
    headers: { ...headers, date: undefined }
  })
  // More often than the recipient's budget.
  for (let i = 0; i < 8; i++) t.strictSame(bare(await forgot(ann.email, from)), bare(await forgot(nobody, from)))
  t.strictSame(await lettersTo(nobody), [], 'nobody gets a mail')
  const rows = async (recipient: string) =>
    app.db
      .selectFrom('mails')
      .select(['kind', 'language', 'address', 'user_agent', 'user_id'])
      .where('recipient', '=', recipient)
      .execute()
  t.strictSame(await rows(ann.email), await rows(nobody))
  const guess = (email: string) =>
    anyone.post('/api/auth/password/reset', { email, code: '0000 0000', new_password: next }, { headers: from })
  for (let i = 0; i < 7; i++) t.strictSame(bare(await guess(ann.email)), bare(await guess(nobody)))
  const tries = async (email: string) =>
    app.db.selectFrom('mail_tokens').select(['purpose', 'tries']).where('email', '=', email).execute()
  t.strictSame(await tries(ann.email), await tries(nobody), 'codes are counted for both')
})

test('a client address that asked for too many mails is refused for the rest of an hour', async (t) => {
  let now = Date.now()
  const { anyone } = await startApp(t, {
    settings: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_MAIL: '1' },
    clock: () => now
  })
  const ask = async () =>
    (await anyone.post('/api/auth/password/forgot', { email: `${crypto.randomUUID()}@example.com` })).statusCode
  const [first, second] = [await ask(), await ask()]
  t.strictSame([first, second], [202, 429])
  now += 3_590_000
  t.equal(await ask(), 429)
  now += 10_001
  t.equal(await ask(), 202)
})

test('one recipient gets five mails an hour, however many are asked for', async (t) => {
  const ann = await signUp()
  for (let i = 0; i < 12; i++) {
    t.equal((await forgot(ann.email)).statusCode, 202)
    await lettersTo(ann.email)
  }
  const letters = await lettersTo(ann.email)
  t.equal(letters.length, 5)
  t.equal((await reset({ token: tokenOf(letters.at(-1)), new_password: next })).statusCode, 200, 'the last one works')
})

test('of 30 requests at once, at most five mails are sent, and the newest one works', async (t) => {
  const ann = await signUp()
  await Promise.all(Array.from({ length: 30 }, () => forgot(ann.email)))
  const letters = (await lettersTo(ann.email)).sort((a, b) => (a.id < b.id ? -1 : 1))
  t.ok(letters.length >= 1 && letters.length <= 5, `${letters.length} mails`)
  t.equal((await reset({ token: tokenOf(letters.at(-1)), new_password: next })).statusCode, 200)
})

test('of 500 requests for one person, five mails are sent, and as many rows are read for each', async (t) => {
  const ann = await signUp()
  const sendable = { kind: 'reset', recipient: ann.email, language: 'en', address: '192.0.2.1' }
  await app.db
    .insertInto('mails')
    .values(Array.from({ length: 500 }, () => ({ id: newId(), ...sendable, seed: Buffer.alloc(32, 7) })))
    .execute()
  // One that finds no free connection is repeated 15 s later.
  await until('the end of all of them', async () => {
    const waiting = app.db.updateTable('mails').set({ next_at: sql<string>`now()` }).where('recipient', '=', ann.email)
    const { numUpdatedRows } = await waiting.where('done_at', 'is', null).executeTakeFirstOrThrow()
    app.mail.wake()
    await app.mail.sender?.idle()
    return numUpdatedRows === 0n
  })
  t.equal(new Set((await lettersTo(ann.email)).map(({ id }) => id)).size, 5)
  const outcomes = await app.db
    .selectFrom('mails')
    .select(({ fn }) => ['outcome', fn.countAll<number | string>().as('count')])
    .where('recipient', '=', ann.email)
    .groupBy('outcome')
    .orderBy('outcome')
    .execute()
  t.strictSame(
    outcomes.map(({ outcome, count }) => [outcome, Number(count)]),
    [
      ['dropped', 495],
      ['sent', 5]
    ]
  )
})

test('deactivated accounts and users of other issuers get no mail', async (t) => {
  const ann = await signUp()
  await app.db.updateTable('users').set({ is_active: false }).where('id', '=', ann.id).execute()
  t.equal(await ask(ann.email), undefined)
  const ben = await signUp()
  const token = tokenOf(await ask(ben.email))
  await app.db.updateTable('users').set({ is_active: false }).where('id', '=', ben.id).execute()
  refused(t, await reset({ token, new_password: next }), 'invalid_token', 'deactivated since')
  const fay = `${crypto.randomUUID()}@example.com`
  await app.db
    .insertInto('users')
    .values({ id: crypto.randomUUID(), issuer: 'other', subject: fay, email: fay, name: 'Fay' })
    .execute()
  t.equal(await ask(fay), undefined)
})

test('malformed tokens are refused', async (t) => {
  for (const token of [
    '',
    'x',
    'A'.repeat(43),
    `${'A'.repeat(42)}B`,
    `${'A'.repeat(43)}=`,
    '\u{1F600}'.repeat(20),
    '../'.repeat(20)
  ])
    refused(t, await reset({ token, new_password: next }), 'invalid_token', JSON.stringify(token))
  const wrong = [
    {},
    { token: 'A'.repeat(43), email: 'ann@example.com', code: '12345678' },
    { email: 'ann@example.com' },
    { code: '12345678' },
    { token: 'A'.repeat(43), code: '12345678' },
    { token: 'A'.repeat(101) },
    { token: 5 },
    { email: 'ann@example.com', code: 12345678 },
    { email: 'ann@example.com', code: '1234567' },
    { email: 'nobody', code: '12345678' }
  ]
  for (const given of wrong)
    t.equal((await reset({ ...given, new_password: next })).statusCode, 400, JSON.stringify(given))
  for (const body of [{}, { email: 5 }, { email: 'ann' }, { email: 'ann@example.com', more: 1 }])
    t.equal((await anyone.post('/api/auth/password/forgot', body)).statusCode, 400)
})

test('the link points to APP_URL, whatever Host and proxies say', async (t) => {
  const ann = await signUp()
  await forgot(ann.email, { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' })
  const [letter] = await lettersTo(ann.email)
  t.match(letter?.link, /^http:\/\/localhost:8000\//)
  t.notMatch(`${letter?.text} ${letter?.html}`, 'evil.example')
})

test('opening the link, by GET or HEAD, consumes nothing', async (t) => {
  const ann = await signUp()
  const letter = await ask(ann.email)
  for (const method of ['GET', 'HEAD'] as const)
    for (const url of ['/reset', `/reset?token=${tokenOf(letter)}`, '/api/auth/password/reset', String(letter?.link)])
      await app.inject({ method, url })
  t.equal((await reset({ token: tokenOf(letter), new_password: next })).statusCode, 200)
})

test('the letter is in the language of the request, and says who asked', async (t) => {
  const ann = await signUp()
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  await forgot(ann.email, { 'accept-language': 'de-AT,de;q=0.9,en;q=0.5', 'user-agent': firefox })
  const [letter] = await lettersTo(ann.email)
  t.match(letter?.subject, 'Passwort zurücksetzen')
  t.match(letter?.text, 'dem Netz 127.0.0.1 (Firefox auf Linux)')
  await forgot(ann.email, { 'accept-language': 'fr', 'user-agent': 'Win money at evil.example <b>' })
  const second = (await lettersTo(ann.email)).at(-1)
  t.match(second?.text, 'the network 127.0.0.1 (an unknown browser)')
  t.notMatch(`${second?.text} ${second?.html}`, /evil\.|<b>/, 'a stranger cannot write into the mail')
})
