import { sql } from 'kysely'
import t, { test } from 'tap'
import { usersRepository } from '../../src/repositories/users.ts'
import { caller, password, startApp } from '../helpers/app.ts'
import { codeOf, tokenOf } from '../helpers/mailbox.ts'
import { bridgeToken } from '../helpers/mint.ts'
import { refused } from '../helpers/refused.ts'

const { app, signUp, anyone, lettersTo } = await startApp(t)
const next = 'another-horse-8'
const fresh = () => `${crypto.randomUUID()}@example.com`
const confirm = (token: string) => anyone.post('/api/auth/email/confirm', { token })
const cancel = (token: string) => anyone.post('/api/auth/email/cancel', { token })
const login = (email: string, secret = password) => anyone.post('/api/auth/login', { email, password: secret })
const forgot = (email: string) => anyone.post('/api/auth/password/forgot', { email })
const reset = (token: string, new_password = next) => anyone.post('/api/auth/password/reset', { token, new_password })
/** A mail that is sent late. */
const due = { done_at: null, next_at: sql<string>`now()` }
type User = Awaited<ReturnType<typeof signUp>>

const lastTo = async (email: string) => (await lettersTo(email)).at(-1)
const stateOf = ({ id }: { id: string }) =>
  app.db.selectFrom('users').select(['email', 'email_verified']).where('id', '=', id).executeTakeFirst()

/** Asks for a change, and returns the tokens of both mails. */
async function ask(user: User, email = fresh(), from = user.email) {
  t.equal((await user.post('/api/auth/email/change', { email })).statusCode, 202)
  return { email, confirmation: tokenOf(await lastTo(email)), cancellation: tokenOf(await lastTo(from)) }
}

/** Changes the address, and returns the tokens of both mails to the old one. */
async function change(user: User, email = fresh(), from = user.email) {
  const asked = await ask(user, email, from)
  t.equal((await confirm(asked.confirmation)).statusCode, 200)
  return { ...asked, undoing: tokenOf(await lastTo(from)) }
}

test('the address changes with the link of the mail to the new one, and sessions continue', async (t) => {
  const ann = await signUp()
  const other = (await login(ann.email)).json()
  const email = fresh()
  const answer = await ann.post('/api/auth/email/change', { email: ` ${email.toUpperCase()} ` })
  t.equal(answer.statusCode, 202)
  t.match(await stateOf(ann), { email: ann.email, email_verified: false })
  const [letter, ...more] = await lettersTo(email)
  t.strictSame(more, [])
  t.match(letter?.link, `http://localhost:8000/confirm#token=${tokenOf(letter)}`)
  t.equal((await confirm(tokenOf(letter))).statusCode, 200)
  t.match(await stateOf(ann), { email, email_verified: true })
  for (const { token } of [ann, { token: other.access_token }])
    t.equal((await caller(app, token).get('/api/auth/profile')).json().email, email, 'a session that was open')
  const refreshed = await anyone.post('/api/auth/refresh', { refresh_token: other.refresh_token })
  t.equal(refreshed.json().user.email, email)
  t.equal((await login(email)).statusCode, 200)
  t.equal((await login(ann.email)).statusCode, 401)
  refused(t, await confirm(tokenOf(letter)), 'invalid_token', 'the link works once')
})

test('the old address gets a notice of the request and of the change, with links to cancel', async (t) => {
  const ann = await signUp()
  const { cancellation, undoing } = await change(ann)
  const [asked, changed, ...more] = await lettersTo(ann.email)
  t.strictSame(more, [])
  t.match(asked, {
    subject: 'A new address for your Gatehouse account',
    link: `http://localhost:8000/cancel#token=${cancellation}`
  })
  t.match(changed, { subject: /was changed$/, link: `http://localhost:8000/cancel#token=${undoing}` })
  t.not(cancellation, undoing)
})

for (const which of ['cancellation', 'undoing'] as const)
  test(`the ${which} link restores the old address after the change, and every session ends`, async (t) => {
    const ann = await signUp()
    const other = (await login(ann.email)).json()
    const { email, ...tokens } = await change(ann)
    t.equal((await cancel(tokens[which])).statusCode, 200)
    t.match(await stateOf(ann), { email: ann.email, email_verified: false })
    for (const { token } of [ann, { token: other.access_token }])
      refused(t, await caller(app, token).get('/api/auth/me'), 'token_revoked', 'a session that was open')
    t.equal((await login(ann.email)).statusCode, 200)
    t.equal((await login(email)).statusCode, 401)
    for (const token of [tokens.cancellation, tokens.undoing])
      refused(t, await cancel(token), 'invalid_token', 'it works once')
    refused(t, await confirm(tokens.confirmation), 'invalid_token', 'the change cannot be repeated')
    t.match(await lastTo(email), { subject: /was changed back$/, link: undefined }, 'who lost the address is told')
  })

test('a change that is cancelled before it is confirmed never happens', async (t) => {
  const ann = await signUp()
  const { email, confirmation, cancellation } = await ask(ann)
  t.equal((await cancel(cancellation)).statusCode, 200)
  refused(t, await ann.get('/api/auth/me'), 'token_revoked', 'every session ends')
  refused(t, await confirm(confirmation), 'invalid_token', 'the confirmation')
  t.match(await stateOf(ann), { email: ann.email })
  t.equal((await lettersTo(email)).length, 1, 'the new address hears nothing more')
})

test('a verified address is verified again after the change is undone', async (t) => {
  const ann = await signUp()
  await app.db.updateTable('users').set({ email_verified: true }).where('id', '=', ann.id).execute()
  const { undoing } = await change(ann)
  t.equal((await cancel(undoing)).statusCode, 200)
  t.match(await stateOf(ann), { email: ann.email, email_verified: true })
})

test('cancelling by the oldest address undoes all later changes, and the links of the later addresses fail', async (t) => {
  const ann = await signUp()
  const first = await change(ann)
  const second = await change(ann, fresh(), first.email)
  const third = await ask(ann, fresh(), second.email)
  t.equal((await cancel(first.cancellation)).statusCode, 200)
  t.match(await stateOf(ann), { email: ann.email })
  for (const { cancellation } of [second, third])
    refused(t, await cancel(cancellation), 'invalid_token', 'cancelled with the first one')
  refused(t, await confirm(third.confirmation), 'invalid_token', 'confirmed too late')
  t.match(await stateOf(ann), { email: ann.email })
  t.match(await lastTo(second.email), { subject: /was changed back$/ })
  t.equal((await signUp(first.email)).email, first.email, 'what was cancelled reserves nothing')
})

test('an undone later change leaves the earlier one, which can still be undone', async (t) => {
  const ann = await signUp()
  const first = await change(ann)
  const second = await change(ann, fresh(), first.email)
  t.equal((await cancel(second.undoing)).statusCode, 200)
  t.match(await stateOf(ann), { email: first.email, email_verified: true })
  t.equal((await cancel(first.cancellation)).statusCode, 200)
  t.match(await stateOf(ann), { email: ann.email, email_verified: false })
})

test('a newer request replaces the one before, whose notice cancels both', async (t) => {
  const ann = await signUp()
  const [first, second] = [await ask(ann), await ask(ann)]
  refused(t, await confirm(first.confirmation), 'invalid_token', 'the older link')
  t.equal((await confirm(second.confirmation)).statusCode, 200)
  t.equal((await cancel(first.cancellation)).statusCode, 200)
  t.match(await stateOf(ann), { email: ann.email })
})

test('reset mails of the old address are invalid after the change and after it is undone', async (t) => {
  const ann = await signUp()
  await forgot(ann.email)
  const before = tokenOf(await lastTo(ann.email))
  const { email, undoing } = await change(ann)
  refused(t, await reset(before), 'invalid_token', 'sent before the change')
  const sent = (await lettersTo(ann.email)).length
  await forgot(ann.email)
  t.equal((await lettersTo(ann.email)).length, sent, 'the old address gets no more of them')
  await forgot(email)
  const meanwhile = tokenOf(await lastTo(email))
  t.equal((await cancel(undoing)).statusCode, 200)
  refused(t, await reset(meanwhile), 'invalid_token', 'of the new address, after the change was undone')
  t.equal((await login(ann.email)).statusCode, 200, 'the password is the same')
})

test('mails to an address from before a change stay invalid once the user has gone back to it', async (t) => {
  const ann = await signUp()
  await forgot(ann.email)
  const resetting = tokenOf(await lastTo(ann.email))
  await ann.post('/api/auth/email/verification')
  const verifying = tokenOf(await lastTo(ann.email))
  const { email } = await change(ann)
  await change(ann, ann.email, email)
  refused(t, await reset(resetting), 'invalid_token', 'which would set a password')
  refused(
    t,
    await anyone.post('/api/auth/email/verify', { token: verifying }),
    'invalid_token',
    'which would verify it'
  )
})

test('verification mails of the old address verify nothing after the change, even if another user has it since', async (t) => {
  const ann = await signUp()
  const verify = (token: string) => anyone.post('/api/auth/email/verify', { token })
  await ann.post('/api/auth/email/verification')
  const before = tokenOf(await lastTo(ann.email))
  const { email, undoing } = await change(ann)
  refused(t, await verify(before), 'invalid_token', 'sent before the change')
  await app.db.updateTable('users').set({ email_verified: false }).where('id', '=', ann.id).execute()
  await ann.post('/api/auth/email/verification')
  const meanwhile = tokenOf(await lastTo(email))
  t.equal((await cancel(undoing)).statusCode, 200)
  const ben = await signUp(email)
  await ben.post('/api/auth/email/verification')
  t.equal((await verify(tokenOf(await lastTo(email)))).statusCode, 200, 'its owner since')
  refused(t, await verify(meanwhile), 'invalid_token', 'sent before the change was undone')
  t.match([await stateOf(ann), await stateOf(ben)], [{ email_verified: false }, { email_verified: true }])
})

test('a new password invalidates a change that waits, also one whose mail is not sent yet, and no cancellation', async (t) => {
  const ann = await signUp()
  const { confirmation, cancellation } = await ask(ann)
  const changed = await ann.put('/api/auth/password', { current_password: password, new_password: next })
  refused(t, await confirm(confirmation), 'invalid_token', 'sent before')
  const again = { ...ann, ...caller(app, changed.json().access_token) }
  const { email, confirmation: second } = await ask(again)
  await forgot(ann.email)
  t.equal((await reset(tokenOf(await lastTo(ann.email)), 'third-horse-9')).statusCode, 200)
  refused(t, await confirm(second), 'invalid_token', 'before a reset')
  await app.db.updateTable('mails').set(due).where('recipient', '=', email).execute()
  app.mail.wake()
  t.equal((await lettersTo(email)).length, 1, 'a mail that was late is not sent')
  t.equal((await cancel(cancellation)).statusCode, 200, 'the notice still works')
})

/** Addresses that cannot be had, each with the user who keeps it from being free. */
const unavailable: Record<string, () => Promise<string>> = {
  'of another user': async () => (await signUp()).email,
  'of a deactivated user': async () => {
    const ben = await signUp()
    await app.db.updateTable('users').set({ is_active: false }).where('id', '=', ben.id).execute()
    return ben.email
  },
  'reserved for another user': async () => {
    const ben = await signUp()
    await change(ben)
    return ben.email
  }
}

for (const [what, make] of Object.entries(unavailable))
  test(`an address ${what} gets the same response and the same rows as a free one, and a mail without a link`, async (t) => {
    const ann = await signUp()
    const [taken, free] = [await make(), fresh()]
    const sent = (await lettersTo(taken)).length
    const ask = async (email: string) => {
      const headers = { 'x-request-id': 'the-same' }
      const answer = await ann.post('/api/auth/email/change', { email }, { headers })
      const { id, ...row } = await app.db
        .selectFrom('email_changes')
        .select(['id', 'user_id', 'old_email', 'confirmed_at', 'cancelled_at', 'withdrawn_at'])
        .where('user_id', '=', ann.id)
        .orderBy('id', 'desc')
        .executeTakeFirstOrThrow()
      const mails = await app.db
        .selectFrom('mails')
        .select(['kind', 'language', 'address', 'user_agent', 'user_id'])
        .where('change_id', '=', id)
        .orderBy('id')
        .execute()
      const { statusCode, body, headers: sent } = answer
      await app.mail.sender?.idle()
      const tokens = await app.db
        .selectFrom('mail_tokens')
        .select(['purpose', 'tries', 'used_at'])
        .where('subject', '=', String(id))
        .where('purpose', '=', 'email.confirm')
        .execute()
      return { statusCode, body, headers: { ...sent, date: undefined }, row, mails, tokens }
    }
    // More often than the recipient's budget.
    for (let i = 0; i < 7; i++) t.strictSame(await ask(taken), await ask(free))
    const [{ tokens: _none, ...own }, { tokens: _noToken, ...other }] = [await ask(ann.email), await ask(free)]
    t.strictSame(own, other, 'the own address')
    const letters = (await lettersTo(taken)).slice(sent)
    t.equal(letters.length, 5, 'its owner is told')
    for (const { subject, text, link } of letters) {
      t.match(subject, 'Your address was entered for another Gatehouse account')
      t.equal(link, undefined)
      t.notMatch(text, new RegExp(`#token|\\d{4} \\d{4}$|${ann.email}`, 'm'))
    }
    t.equal((await lettersTo(free)).length, 5, 'the free one gets five')
    t.equal((await lettersTo(ann.email)).length, 15, 'the old address is told of each, except of its own')
  })

const byCode = (who: Pick<typeof anyone, 'post'>, code: string) => who.post('/api/auth/email/confirm', { code })
const codeTo = async (email: string) => codeOf(await lastTo(email))
const others = (code: string) =>
  Array.from({ length: 30 }, (_, i) => String((Number(code.replace(' ', '')) + 1 + i) % 1e8).padStart(8, '0'))
const triesOf = async ({ id }: User) => {
  const rows = await app.db
    .selectFrom('mail_tokens')
    .select('tries')
    .where('user_id', '=', id)
    .where('purpose', '=', 'email.confirm')
    .orderBy('mail_id', 'desc')
    .execute()
  return rows[0]?.tries
}

test('the user who asked confirms with the code of the mail, and the link does not work afterwards', async (t) => {
  for (const write of [(code: string) => code, (code: string) => code.replace(' ', '')]) {
    const ann = await signUp()
    const { email, confirmation } = await ask(ann)
    const code = write(await codeTo(email))
    t.equal((await byCode(ann, code)).statusCode, 200)
    t.match(await stateOf(ann), { email, email_verified: true })
    t.equal((await ann.get('/api/auth/profile')).json().email, email, 'the session goes on')
    refused(t, await byCode(ann, code), 'invalid_code', 'again')
    refused(t, await confirm(confirmation), 'invalid_token', 'the link')
  }
})

test('a code is accepted only from the user who asked for it, with an access token', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const { email } = await ask(ann)
  await ask(ben)
  const code = await codeTo(email)
  refused(t, await byCode(ben, code), 'invalid_code', 'with another session')
  refused(t, await byCode(await signUp(), code), 'invalid_code', 'of a user who asked for nothing')
  refused(t, await byCode(anyone, code), 'not_authenticated', 'without one')
  const foreign = caller(app, bridgeToken())
  t.match((await byCode(foreign, code)).json(), { status: 403, code: 'forbidden' })
  const both = await ann.post('/api/auth/email/confirm', { code, token: 'A'.repeat(43) })
  t.match(both.json(), { status: 400, errors: [{ message: 'must have either token or code' }] })
  for (const wrong of ['1234567', 12345678, '1234  5678'])
    t.equal((await ann.post('/api/auth/email/confirm', { code: wrong })).statusCode, 400)
  t.match(await stateOf(ann), { email: ann.email })
  t.equal((await byCode(ann, code)).statusCode, 200)
})

test('five wrong codes sent concurrently invalidate the code; the link still works', async (t) => {
  const ann = await signUp()
  const { email, confirmation } = await ask(ann)
  const code = await codeTo(email)
  const answers = await Promise.all(others(code).map((other) => byCode(ann, other)))
  for (const answer of answers) refused(t, answer, 'invalid_code', 'a wrong one')
  t.equal(await triesOf(ann), 5)
  refused(t, await byCode(ann, code), 'invalid_code', 'the right one')
  t.equal((await confirm(confirmation)).statusCode, 200)
})

test('codes for taken and free addresses are refused alike, and counted', async (t) => {
  const taken = (await signUp()).email
  const seen: unknown[] = []
  for (const email of [taken, fresh()]) {
    const ann = await signUp()
    await ask(ann, email)
    const answers: unknown[] = []
    for (let i = 0; i < 7; i++) {
      const headers = { 'x-request-id': 'the-same' }
      const { statusCode, body } = await ann.post('/api/auth/email/confirm', { code: '0000 0000' }, { headers })
      answers.push([statusCode, body])
    }
    seen.push([answers, await triesOf(ann)])
  }
  t.strictSame(seen[0], seen[1])
})

test('a right code for an address that is taken meanwhile answers 409, and is not consumed', async (t) => {
  const ann = await signUp()
  const { email } = await ask(ann)
  const code = await codeTo(email)
  await signUp(email)
  for (let i = 0; i < 7; i++) t.match((await byCode(ann, code)).json(), { status: 409, code: 'email_taken' })
  await app.db.deleteFrom('users').where('email', '=', email).execute()
  t.equal((await byCode(ann, code)).statusCode, 200)
})

test('a newer request and a new password invalidate the code', async (t) => {
  const ann = await signUp()
  const first = await codeTo((await ask(ann)).email)
  const second = await codeTo((await ask(ann)).email)
  refused(t, await byCode(ann, first), 'invalid_code', 'the older one')
  const changed = await ann.put('/api/auth/password', { current_password: password, new_password: next })
  refused(t, await byCode(caller(app, changed.json().access_token), second), 'invalid_code', 'sent before')
})

test('the own address gets no mail, and withdraws a change that waits', async (t) => {
  const ann = await signUp()
  const { confirmation } = await ask(ann)
  t.equal((await ann.post('/api/auth/email/change', { email: ann.email })).statusCode, 202)
  t.equal((await lettersTo(ann.email)).length, 1, 'of the first request')
  refused(t, await confirm(confirmation), 'invalid_token', 'withdrawn')
})

test('a pending change does not reserve its new address', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const { email, confirmation } = await ask(ann)
  const other = await ask(ben, email)
  t.equal((await confirm(other.confirmation)).statusCode, 200, 'another change')
  const asked = await ask(ann)
  t.equal((await signUp(asked.email)).email, asked.email, 'a registration')
  for (const [who, token] of [
    [ann, asked.confirmation],
    [await signUp(), '']
  ] as const) {
    const answer = await confirm(token)
    t.equal(answer.statusCode, token ? 409 : 401)
    t.match(await stateOf(who), { email: who.email, email_verified: false }, 'and nothing changes')
  }
  refused(t, await confirm(confirmation), 'invalid_token', 'replaced')
  t.match((await confirm(asked.confirmation)).json(), { code: 'email_taken' }, 'it consumed nothing')
  await app.db.deleteFrom('users').where('email', '=', asked.email).execute()
  t.equal((await confirm(asked.confirmation)).statusCode, 200, 'the address is free again')
})

test('the address of a user of another issuer is free', async (t) => {
  const ann = await signUp()
  const email = fresh()
  t.equal((await caller(app, bridgeToken({ sub: email, email })).get('/api/auth/me')).statusCode, 200)
  await change(ann, email)
  t.match(await stateOf(ann), { email })
})

test('the old address stays reserved for 72 hours, and answers as a taken one', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  const waiting = await ask(ben)
  const { undoing } = await change(ann)
  const register = (email: string) =>
    anyone.post('/api/auth/register', { email, name: 'Eve', password }, { headers: { 'x-request-id': 'the-same' } })
  const [reserved, taken] = [await register(ann.email), await register(ben.email)]
  t.equal(reserved.statusCode, 409)
  t.strictSame(reserved.json(), taken.json())
  await app.db
    .updateTable('email_changes')
    .set({ new_email: ann.email })
    .where('user_id', '=', ben.id)
    .where('new_email', '=', waiting.email)
    .execute()
  t.match((await confirm(waiting.confirmation)).json(), { code: 'email_taken' }, 'a change that was confirmed too late')
  const { left } = await app.db
    .selectFrom('email_changes')
    .select(sql<number>`extract(epoch from expires_at - now())::float8 / 3600`.as('left'))
    .where('user_id', '=', ann.id)
    .executeTakeFirstOrThrow()
  t.ok(left > 71.9 && left <= 72, `${left} hours`)
  await app.db
    .updateTable('email_changes')
    .set({ expires_at: sql<string>`now() - interval '1 second'` })
    .where('user_id', '=', ann.id)
    .execute()
  refused(t, await cancel(undoing), 'invalid_token', 'too late')
  t.equal((await register(ann.email)).statusCode, 409, 'reserved a little longer than it can be cancelled')
  const { isTaken } = usersRepository(app.db)
  t.equal(await isTaken(ann.email), true, 'so the mail of a private sign-up says that it is taken')
  await app.db
    .updateTable('email_changes')
    .set({ expires_at: sql<string>`now() - interval '2 minutes'` })
    .where('user_id', '=', ann.id)
    .execute()
  t.equal(await isTaken(ann.email), false)
  t.equal((await register(ann.email)).statusCode, 201)
})

test('the database itself refuses a reserved address, whoever writes it', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  await change(ann)
  const user = { id: crypto.randomUUID(), email: ann.email, name: 'Eve' }
  const taken = { code: '23505', constraint: 'users_email' }
  await t.rejects(
    app.db
      .insertInto('users')
      .values({ ...user, password_hash: 'x' })
      .execute(),
    taken
  )
  await t.rejects(app.db.updateTable('users').set({ email: ann.email }).where('id', '=', ben.id).execute(), taken)
  await app.db
    .insertInto('users')
    .values({ ...user, issuer: 'other', subject: user.id })
    .execute()
})

test('a user may go back to the address before, without its link', async (t) => {
  const ann = await signUp()
  const { email, cancellation } = await change(ann)
  await change(ann, ann.email, email)
  t.match(await stateOf(ann), { email: ann.email, email_verified: true })
  t.equal((await cancel(cancellation)).statusCode, 200, 'and the first link still ends every session')
  refused(t, await ann.get('/api/auth/me'), 'token_revoked', 'a session that was open')
  t.match(await stateOf(ann), { email: ann.email })
})

test('the confirmation is valid for 24 hours, and the cancellation for 72', async (t) => {
  const ann = await signUp()
  const { confirmation, cancellation } = await ask(ann)
  const rows = await app.db
    .selectFrom('mail_tokens')
    .select(['purpose', sql<number>`round(extract(epoch from expires_at - now()) / 3600)::float8`.as('hours')])
    .where('user_id', '=', ann.id)
    .orderBy('purpose')
    .execute()
  t.strictSame(
    rows.map(({ purpose, hours }) => [purpose, hours]),
    [
      ['email.cancel', 72],
      ['email.confirm', 24]
    ]
  )
  const expires_at = new Date(0).toISOString()
  await app.db.updateTable('mail_tokens').set({ expires_at }).where('user_id', '=', ann.id).execute()
  refused(t, await confirm(confirmation), 'invalid_token', 'expired')
  refused(t, await cancel(cancellation), 'invalid_token', 'expired')
})

test('malformed tokens, and tokens for another purpose, are refused', async (t) => {
  const ann = await signUp()
  const { confirmation, cancellation } = await ask(ann)
  await forgot(ann.email)
  const resetting = tokenOf(await lastTo(ann.email))
  const others = ['', 'x', 'A'.repeat(43), `${'A'.repeat(42)}B`, `${'A'.repeat(43)}=`, resetting]
  for (const token of [...others, cancellation]) refused(t, await confirm(token), 'invalid_token', `confirm ${token}`)
  for (const token of [...others, confirmation]) refused(t, await cancel(token), 'invalid_token', `cancel ${token}`)
  refused(t, await reset(confirmation), 'invalid_token', 'reset')
  for (const name of ['confirm', 'cancel'])
    for (const body of [{}, { token: 5 }, { token: 'A'.repeat(101) }, { token: confirmation, more: 1 }])
      t.equal((await anyone.post(`/api/auth/email/${name}`, body)).statusCode, 400, name)
  for (const body of [{}, { email: 5 }, { email: 'ann' }, { email: fresh(), more: 1 }])
    t.equal((await ann.post('/api/auth/email/change', body)).statusCode, 400)
  t.equal((await confirm(confirmation)).statusCode, 200, 'nothing was consumed')
})

test('opening the links, by GET or HEAD, consumes nothing', async (t) => {
  const ann = await signUp()
  const { email, confirmation, cancellation } = await ask(ann)
  const links = [(await lastTo(email))?.link, (await lastTo(ann.email))?.link].map(String)
  for (const method of ['GET', 'HEAD'] as const)
    for (const token of [confirmation, cancellation])
      for (const name of ['confirm', 'cancel'])
        for (const url of [...links, `/${name}?token=${token}`, `/api/auth/email/${name}?token=${token}`])
          await app.inject({ method, url })
  t.equal((await confirm(confirmation)).statusCode, 200)
  t.equal((await cancel(cancellation)).statusCode, 200)
})

test('the links point to APP_URL, whatever Host and proxies say, and the mails say who asked', async (t) => {
  const ann = await signUp('evil-name@example.com')
  const email = 'evil-address@example.com'
  const host = 'evil.example'
  const agent = 'Win money at evil.example Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
  const headers = {
    ...{ host, 'x-forwarded-host': host, forwarded: `host=${host}`, origin: `https://${host}` },
    ...{ 'user-agent': agent, 'accept-language': 'de' }
  }
  await ann.post('/api/auth/email/change', { email }, { headers })
  const token = tokenOf(await lastTo(email))
  await anyone.post('/api/auth/email/confirm', { token }, { headers })
  const undoing = tokenOf(await lastTo(ann.email))
  await anyone.post('/api/auth/email/cancel', { token: undoing }, { headers })
  const letters = [...(await lettersTo(email)), ...(await lettersTo(ann.email))]
  t.equal(letters.length, 4)
  for (const { link, text, html } of letters) {
    t.match(link ?? 'http://localhost:8000/', /^http:\/\/localhost:8000\//)
    t.match(text, 'dem Netz 127.0.0.1 (Firefox auf Linux)')
    // Not every `evil`: a token may have these letters by chance.
    t.notMatch(`${text} ${html}`, /evil\.|evil-(name|address)/, 'neither a header nor the other address')
  }
})

test('a deactivated user changes nothing, and gets no mail', async (t) => {
  const ann = await signUp()
  const { email, confirmation, cancellation } = await ask(ann)
  await app.db.updateTable('users').set({ is_active: false }).where('id', '=', ann.id).execute()
  refused(t, await confirm(confirmation), 'invalid_token', 'the confirmation')
  refused(t, await cancel(cancellation), 'invalid_token', 'the cancellation')
  t.match(await stateOf(ann), { email: ann.email })
  await app.db.updateTable('mails').set(due).where('user_id', '=', ann.id).execute()
  app.mail.wake()
  t.strictSame([(await lettersTo(email)).length, (await lettersTo(ann.email)).length], [1, 1], 'late mails')
  await app.db.updateTable('users').set({ is_active: true }).where('id', '=', ann.id).execute()
  t.equal((await confirm(confirmation)).statusCode, 200, 'nothing was consumed')
})

test('a deleted user leaves no change, no token and no reservation behind', async (t) => {
  const ann = await signUp()
  const { email, cancellation } = await change(ann)
  t.equal((await ann.post('/api/auth/profile/delete', { password })).statusCode, 204)
  refused(t, await cancel(cancellation), 'invalid_token', 'the cancellation')
  for (const address of [ann.email, email]) t.equal((await signUp(address)).email, address)
})

test('a late notice of a change that was cancelled is not sent', async (t) => {
  const ann = await signUp()
  const { undoing } = await change(ann)
  t.equal((await cancel(undoing)).statusCode, 200)
  const sent = (await lettersTo(ann.email)).length
  await app.db.updateTable('mails').set(due).where('recipient', '=', ann.email).execute()
  app.mail.wake()
  t.equal((await lettersTo(ann.email)).length, sent)
})

test('a token whose session has ended cannot request a change', async (t) => {
  const ann = await signUp()
  await app.db.deleteFrom('sessions').where('user_id', '=', ann.id).execute()
  const answer = await ann.post('/api/auth/email/change', { email: fresh() })
  refused(t, answer, 'token_revoked', 'a token that is still believed')
  t.strictSame(await app.db.selectFrom('email_changes').select('id').where('user_id', '=', ann.id).execute(), [])
})

test('a user of another issuer cannot change the address here', async (t) => {
  const answer = await caller(app, bridgeToken()).post('/api/auth/email/change', { email: fresh() })
  t.match(answer.json(), { status: 403, code: 'forbidden' })
})

test('each step of a change is recorded as a security event', async (t) => {
  const ann = await signUp()
  const { cancellation } = await change(ann)
  await cancel(cancellation)
  const events = await app.db
    .selectFrom('security_events')
    .select(['event', 'address'])
    .where('user_id', '=', ann.id)
    .where('event', 'like', 'email.%')
    .orderBy('id')
    .execute()
  t.strictSame(
    events.map(({ event, address }) => [event, address]),
    ['email.requested', 'email.changed', 'email.cancelled'].map((event) => [event, '127.0.0.1'])
  )
})

test('after a cancelled change, the password does not allow another one until a reset by mail', async (t) => {
  const ann = await signUp()
  const { undoing } = await change(ann)
  t.equal((await cancel(undoing)).statusCode, 200)
  const opened = (await login(ann.email)).json()
  const eve = { ...ann, ...caller(app, opened.access_token) }
  const { confirmation } = await ask(eve)
  t.equal(confirmation, '', 'the new address gets no mail')
  const changed = await eve.put('/api/auth/password', { current_password: password, new_password: next })
  const again = { ...ann, ...caller(app, changed.json().access_token) }
  t.equal((await ask(again)).confirmation, '', 'nor after a change of the password, which takes the known one')
  await forgot(ann.email)
  t.equal((await reset(tokenOf(await lastTo(ann.email)), 'third-horse-9')).statusCode, 200)
  const owner = (await login(ann.email, 'third-horse-9')).json()
  await change({ ...ann, ...caller(app, owner.access_token) })
})

test('a cancellation holds later changes for 24 hours', async (t) => {
  const ann = await signUp()
  const { cancellation } = await ask(ann)
  await cancel(cancellation)
  const held_until = sql<string>`held_until - interval '24 hours'`
  await app.db.updateTable('email_changes').set({ held_until }).where('user_id', '=', ann.id).execute()
  const { email } = await change({ ...ann, ...caller(app, (await login(ann.email)).json().access_token) })
  t.match(await stateOf(ann), { email })
})

test('requests for a change are limited by client address, together with those of forgotten passwords', async (t) => {
  const settings = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_MAIL: '3' }
  const { signUp, anyone } = await startApp(t, { settings })
  const ann = await signUp()
  const change = async () => (await ann.post('/api/auth/email/change', { email: ann.email })).statusCode
  t.equal((await anyone.post('/api/auth/password/forgot', { email: ann.email })).statusCode, 202)
  t.strictSame([await change(), await change(), await change()], [202, 202, 429])
})

test('in production without a mail server the routes answer 503, and nothing is written', async (t) => {
  const settings = { NODE_ENV: 'production', BETTER_AUTH_SECRET: 'q3Zx0vJr8Kt5Yb2Nw7Lm4Pd1Hs6Gf9Cu' }
  const { app, signUp } = await startApp(t, { settings })
  const ann = await signUp()
  for (const name of ['change', 'confirm', 'cancel']) {
    const answer = await ann.post(`/api/auth/email/${name}`, { email: fresh() })
    t.match(answer.json(), { status: 503, code: 'unavailable' }, name)
  }
  t.strictSame(await app.db.selectFrom('email_changes').select('id').execute(), [])
})

test('an import does not take a reserved address', async (t) => {
  const ann = await signUp()
  await change(ann)
  const row = (email: string) => ({
    ...{ id: crypto.randomUUID(), email, name: 'Imported', password_hash: 'x', is_active: true },
    created_at: new Date().toISOString()
  })
  const users = usersRepository(app.db)
  const [reserved, free] = [row(ann.email), row(fresh())]
  t.match(await users.importAll([reserved]), { inserted: new Set(), existing: new Set() })
  t.match(await users.importAll([reserved, free]), { inserted: new Set([free.id]), existing: new Set([free.id]) })
})

test('a change needs a login or a step-up within ten minutes', async (t) => {
  let now = Date.now()
  const { app, signUp } = await startApp(t, { clock: () => now })
  const ann = await signUp()
  now += 601_000
  const ask = (token: string) => caller(app, token).post('/api/auth/email/change', { email: fresh() })
  t.match((await ask(ann.token)).json(), { status: 401, code: 'step_up_required' })
  t.strictSame(await app.db.selectFrom('email_changes').select('id').execute(), [])
  const { access_token } = (await ann.post('/api/auth/step-up', { password })).json()
  t.equal((await ask(access_token)).statusCode, 202)
})
