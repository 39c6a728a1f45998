import t, { test } from 'tap'
import { createLetters } from '../../src/mail/letters.ts'
import { createMailTokens } from '../../src/mail/mail-tokens.ts'
import type { Letter } from '../../src/mail/transport.ts'
import { mailTokensRepository } from '../../src/repositories/mail-tokens.ts'
import { type ClaimedMail, type MailKind, outboxRepository } from '../../src/repositories/outbox.ts'
import { password, startApp } from '../helpers/app.ts'
import { tokenOf } from '../helpers/mailbox.ts'
import { statementsWait } from '../helpers/races.ts'
import { refused } from '../helpers/refused.ts'
import { server } from '../helpers/template.ts'

const { app, config, signUp, anyone } = await startApp(t, { settings: { EMAIL_VERIFICATION: 'soft' } })
// Mails wait until a test sends them.
await app.mail.sender?.stop()
const outbox = outboxRepository(app.db)
const settings = config.mail as NonNullable<typeof config.mail>
const letters = createLetters(app.db, settings, createMailTokens(config.secrets))
const next = 'another-horse-8'
const fresh = () => `${crypto.randomUUID()}@example.com`
const post = (path: string, body: object) => anyone.post(`/api/auth${path}`, body)
const forgot = (email: string) => post('/password/forgot', { email })
type User = Awaited<ReturnType<typeof signUp>>

t.beforeEach(() => app.db.deleteFrom('mails').execute())

/** Claims every mail that waits, as a process that then takes long. */
const claimAll = () => outbox.claim(300, 100)
async function written(kind: MailKind, mails: ClaimedMail[]): Promise<Letter> {
  const letter = await letters.write(mails.find((mail) => mail.kind === kind) as ClaimedMail)
  if ('dropped' in letter) throw new Error(letter.dropped)
  return letter
}
const outcomes = async (kinds: MailKind[]) =>
  app.db.selectFrom('mails').select(['kind', 'outcome', 'seed']).where('kind', 'in', kinds).orderBy('kind').execute()

/** What ends the tokens of a user, after what it needs. */
const causes: Record<string, (ann: User) => Promise<() => Promise<unknown>>> = {
  'a new password': async (ann) => () =>
    ann.put('/api/auth/password', { current_password: password, new_password: next }),
  async 'a reset of the password'(ann) {
    await forgot(ann.email)
    const token = tokenOf(await written('reset', await claimAll()))
    return () => post('/password/reset', { token, new_password: next })
  },
  async 'a new address'(ann) {
    const email = fresh()
    await ann.post('/api/auth/email/change', { email })
    const token = tokenOf(await written('email.confirm', await claimAll()))
    ann.email = email
    return () => post('/email/confirm', { token })
  },
  async 'a change of address that is cancelled'(ann) {
    await ann.post('/api/auth/email/change', { email: fresh() })
    const token = tokenOf(await written('email.requested', await claimAll()))
    return () => post('/email/cancel', { token })
  },
  'the end of the account': async (ann) => () => ann.post('/api/auth/profile/delete', { password })
}

for (const [cause, prepare] of Object.entries(causes)) {
  test(`${cause} drops the queued mails that contain a token`, async (t) => {
    const ann = await signUp()
    const end = await prepare(ann)
    await app.db.deleteFrom('mails').execute()
    await ann.post('/api/auth/email/verification')
    await forgot(ann.email)
    await ann.post('/api/auth/email/change', { email: fresh() })
    await app.db.updateTable('email_changes').set({ withdrawn_at: null }).where('user_id', '=', ann.id).execute()
    const kinds: MailKind[] = ['email.confirm', 'reset', 'verify']
    t.strictSame(
      (await outcomes(kinds)).map(({ kind }) => kind),
      kinds
    )
    const ended = (await end()) as Awaited<ReturnType<typeof post>>
    t.ok(ended.statusCode < 300, ended.body)
    const rows = await outcomes(kinds)
    // All are deleted with the account.
    t.strictSame(
      rows.map(({ kind }) => kind),
      /end of/.test(cause) ? [] : kinds
    )
    for (const { kind, outcome, seed } of rows) t.strictSame([outcome, seed.length], ['dropped', 0], kind)
  })

  test(`${cause} also drops the mails that a process has claimed but not composed yet`, async (t) => {
    const ann = await signUp()
    const end = await prepare(ann)
    await app.db.deleteFrom('mails').execute()
    await forgot(ann.email)
    await ann.post('/api/auth/email/verification')
    const claimed = await claimAll()
    t.equal(claimed.length, 2)
    await end()
    for (const mail of claimed) t.match(await letters.write(mail), { dropped: String }, mail.kind)
    const left = await app.db
      .selectFrom('mail_tokens')
      .select('purpose')
      .where('user_id', '=', ann.id)
      .where('used_at', 'is', null)
      .where('purpose', 'in', ['reset', 'verify'])
      .execute()
    t.strictSame(left, [])
  })
}

test('a reset mail that waits while the password changes brings no working link', async (t) => {
  const ann = await signUp()
  await forgot(ann.email)
  const [mail] = (await claimAll()).filter(({ kind }) => kind === 'reset')
  await ann.put('/api/auth/password', { current_password: password, new_password: next })
  const letter = await letters.write(mail as ClaimedMail)
  const token = tokenOf('text' in letter ? letter : undefined)
  const { token: derived } = createMailTokens(config.secrets).derive('reset', (mail as ClaimedMail).seed)
  refused(
    t,
    await post('/password/reset', { token: token || derived, new_password: 'third-horse-9' }),
    'invalid_token',
    'late'
  )
  t.equal((await post('/login', { email: ann.email, password: next })).statusCode, 200)
})

test('mails of somebody else, notices and later mails are sent', async (t) => {
  const [ann, ben] = [await signUp(), await signUp()]
  for (const { email } of [ann, ben]) await forgot(email)
  await ann.put('/api/auth/password', { current_password: password, new_password: next })
  await forgot(ann.email)
  const rows = await app.db.selectFrom('mails').select(['kind', 'recipient', 'outcome']).orderBy('id').execute()
  const waiting = rows.filter(({ outcome }) => outcome === null).map(({ kind, recipient }) => [kind, recipient])
  t.strictSame(waiting, [
    ['verify', ben.email],
    ['reset', ben.email],
    ['password.changed', ann.email],
    ['reset', ann.email]
  ])
  for (const mail of await claimAll()) t.match(await letters.write(mail), { to: mail.recipient })
})

test('the end of a foreign account drops no mail of the account here that has the same address', async (t) => {
  const ann = await signUp()
  await forgot(ann.email)
  const id = crypto.randomUUID()
  await app.db.insertInto('users').values({ id, issuer: 'other', subject: id, email: ann.email, name: 'Ann' }).execute()
  await outbox.withdraw(id)
  t.match(await outcomes(['reset']), [{ outcome: null }])
})

for (const first of ['the invalidation', 'the token'])
  test(`a token that is stored during an invalidation is invalid, ${first} first`, {
    skip: !server && 'the embedded database runs one transaction after the other'
  }, async (t) => {
    const ann = await signUp()
    await app.db.deleteFrom('mails').execute()
    await forgot(ann.email)
    const [mail] = (await claimAll()) as [ClaimedMail]
    const { token: _token, code: _code, ...hashes } = createMailTokens(config.secrets).derive('reset', mail.seed)
    const token = { purpose: 'reset' as const, mail_id: mail.id, email: ann.email, subject: ann.email, user_id: ann.id }
    const works = {
      'the invalidation': (db: typeof app.db) => mailTokensRepository(db).invalidate(ann.id),
      'the token': (db: typeof app.db) => mailTokensRepository(db).mint([{ ...token, ...hashes, lifetime: 60 }])
    }
    const [one, two] = first === 'the token' ? Object.values(works).reverse() : Object.values(works)
    let second: Promise<unknown> | undefined
    await app.db.transaction().execute(async (trx) => {
      await one?.(trx)
      second = two?.(app.db)
      await statementsWait(app.db, 1)
    })
    await second
    const valid = await app.db
      .selectFrom('mail_tokens')
      .select('hash')
      .where('subject', '=', ann.email)
      .where('used_at', 'is', null)
      .execute()
    t.strictSame(valid, [])
  })
