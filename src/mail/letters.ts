import type { Kysely } from 'kysely'
import type { MailSettings } from '../config/mail-settings.ts'
import type { Database } from '../database/tables.ts'
import { emailChangesRepository } from '../repositories/email-changes.ts'
import { type MailPurpose, mailTokensRepository } from '../repositories/mail-tokens.ts'
import { type ClaimedMail, type MailKind, outboxRepository } from '../repositories/outbox.ts'
import { usersRepository } from '../repositories/users.ts'
import { joined } from '../util/joined.ts'
import type { Language } from './languages.ts'
import { htmlOf, textOf } from './layout.ts'
import type { MailTokens } from './mail-tokens.ts'
import { type LetterKind, wordsOf } from './texts.ts'
import type { Letter } from './transport.ts'

const hour = 60 * 60

const notices: MailKind[] = [
  ...(['password.changed', 'email.requested', 'email.changed', 'email.restored'] as const),
  ...(['totp.on', 'totp.off', 'recovery_code.used'] as const),
  ...(['passkey.added', 'passkey.removed', 'token.created'] as const)
]

/** Mails of these kinds to one recipient within an hour. Beyond it they are dropped. */
const budgets: { kinds: readonly MailKind[]; max: number }[] = [
  // A stranger can cause these.
  { kinds: ['reset'], max: 5 },
  { kinds: ['verify'], max: 5 },
  { kinds: ['sign-up'], max: 5 },
  // Only whoever knows the password can.
  { kinds: ['login.new'], max: 10 },
  { kinds: ['email.confirm'], max: 5 },
  // Each by itself, so that many of one kind cannot hide one of another.
  ...notices.map((kind) => ({ kinds: [kind], max: 20 }))
]

/** Seconds that a token is valid, and the page that its link opens. */
const links: Record<MailPurpose, { lifetime: number; page: string }> = {
  reset: { lifetime: hour / 2, page: 'reset' },
  verify: { lifetime: 24 * hour, page: 'verify' },
  'email.confirm': { lifetime: 24 * hour, page: 'confirm' },
  // Not longer than the change can be cancelled or undone (src/repositories/email-changes.ts).
  'email.cancel': { lifetime: 72 * hour, page: 'cancel' },
  'email.undo': { lifetime: 72 * hour, page: 'cancel' }
}

/** A letter, or why none is sent. */
export type Written = Letter | { dropped: string }

const ownAddress = { dropped: 'it is the address of the account' }
const replaced = { dropped: 'replaced by a newer mail, used, or withdrawn' }

/** Turns rows of the outbox into letters: whose address it is, the token, the words. */
export function createLetters(db: Kysely<Database>, settings: MailSettings, tokens: MailTokens) {
  const outbox = outboxRepository(db)
  const mailTokens = mailTokensRepository(db)
  const users = usersRepository(db)
  const changes = emailChangesRepository(db)
  // The sender writes several letters at once.
  const countEarlier = joined(outbox.countEarlier)
  const findByEmail = joined(users.findByEmails)
  const mint = joined(mailTokens.mint)
  const { appName: app, appUrl } = settings

  async function isOverBudget(mail: ClaimedMail): Promise<boolean> {
    const { kinds, max } = budgets.find(({ kinds }) => kinds.includes(mail.kind)) as (typeof budgets)[number]
    return (await countEarlier({ mail, kinds, window: hour, max })) >= max
  }

  function letterOf(kind: LetterKind, mail: ClaimedMail, given: { link?: string; code?: string } = {}): Letter {
    const { id, recipient: to, address, user_agent: userAgent, created_at: date } = mail
    const { link, code } = given
    const language = mail.language as Language
    const words = wordsOf(kind, language, { app, address, userAgent, at: date })
    // Only what a page asks for.
    const content = { words, language, app, link, code: words.code && code }
    return { id, date, to, subject: words.subject, text: textOf(content), html: htmlOf(content), link }
  }

  /** Stores the token of a mail, and writes the letter with its link and its code, unless a newer mail has replaced it. */
  async function withToken(
    purpose: MailPurpose,
    mail: ClaimedMail,
    whose: { subject: string; user_id: string | null },
    write: (minted: { link: string; code: string }) => Written
  ): Promise<Written> {
    const { token, code, ...hashes } = tokens.derive(purpose, mail.seed)
    const { lifetime, page } = links[purpose]
    const { id: mail_id, recipient: email } = mail
    const isCurrent = await mint({ purpose, mail_id, email, ...whose, ...hashes, lifetime })
    // A fragment is sent to no server, and scanners of links do not use it.
    return isCurrent ? write({ link: `${appUrl}/${page}#token=${token}`, code }) : replaced
  }

  /** Unknown addresses get a token as well, which nobody learns, so that trying codes shows no difference. */
  async function reset(mail: ClaimedMail): Promise<Written> {
    const found = await findByEmail(mail.recipient)
    const user = found?.is_active ? found : undefined
    return withToken('reset', mail, { subject: mail.recipient, user_id: user?.id ?? null }, (minted) =>
      user ? letterOf('reset', mail, minted) : { dropped: 'nobody has this address' }
    )
  }

  /** The token is named by the user: a newer one replaces it, also one for another address. */
  async function verify(mail: ClaimedMail): Promise<Written> {
    const { recipient } = mail
    const user = await users.find(mail.user_id as string)
    if (!user?.is_active || user.email !== recipient || user.email_verified) return { dropped: 'nothing to confirm' }
    return withToken('verify', mail, { subject: user.id, user_id: user.id }, (minted) =>
      letterOf('verify', mail, minted)
    )
  }

  /** The owner of a taken address gets a token as well, which nobody learns, so that trying codes shows no difference. */
  async function signUp(mail: ClaimedMail): Promise<Written> {
    const isTaken = await users.isTaken(mail.recipient)
    return withToken('verify', mail, { subject: mail.recipient, user_id: null }, (minted) =>
      isTaken ? letterOf('sign-up.taken', mail) : letterOf('verify', mail, minted)
    )
  }

  const whoseChange = ({ change_id, user_id }: ClaimedMail) => ({ subject: String(change_id), user_id })

  /**
   * To the new address, whose owner learns nothing of the account. The owner of a taken one gets a token as well, as for a
   * sign-up.
   */
  async function confirmEmail(mail: ClaimedMail): Promise<Written> {
    const change = await changes.find(mail.change_id)
    if (!change?.is_pending) return { dropped: 'replaced, cancelled or confirmed' }
    if (change.is_same) return ownAddress
    const isTaken = await users.isTaken(mail.recipient, mail.user_id as string)
    return withToken('email.confirm', mail, whoseChange(mail), (minted) =>
      isTaken ? letterOf('email.taken', mail) : letterOf('email.confirm', mail, minted)
    )
  }

  /** To the old address. */
  const notifyOfChange =
    (kind: 'email.requested' | 'email.changed', purpose: 'email.cancel' | 'email.undo') =>
    async (mail: ClaimedMail): Promise<Written> => {
      const change = await changes.find(mail.change_id)
      if (!change || change.is_cancelled) return { dropped: 'cancelled' }
      if (change.is_same) return ownAddress
      return withToken(purpose, mail, whoseChange(mail), (minted) => letterOf(kind, mail, minted))
    }

  const writers: Record<MailKind, (mail: ClaimedMail) => Written | Promise<Written>> = {
    reset,
    verify,
    'sign-up': signUp,
    'login.new': (mail) => letterOf('login.new', mail),
    'password.changed': (mail) => letterOf('password.changed', mail),
    'email.confirm': confirmEmail,
    'email.requested': notifyOfChange('email.requested', 'email.cancel'),
    'email.changed': notifyOfChange('email.changed', 'email.undo'),
    'email.restored': (mail) => letterOf('email.restored', mail),
    'totp.on': (mail) => letterOf('totp.on', mail),
    'totp.off': (mail) => letterOf('totp.off', mail),
    'recovery_code.used': (mail) => letterOf('recovery_code.used', mail),
    'passkey.added': (mail) => letterOf('passkey.added', mail),
    'passkey.removed': (mail) => letterOf('passkey.removed', mail),
    'token.created': (mail) => letterOf('token.created', mail)
  }

  return {
    async write(mail: ClaimedMail): Promise<Written> {
      if (await isOverBudget(mail)) return { dropped: 'over budget' }
      return writers[mail.kind](mail)
    }
  }
}

export type Letters = ReturnType<typeof createLetters>
