import type { Kysely, Transaction } from 'kysely'
import type { AddedPasskey, NewPasskey } from '../../../schemas/passkeys.ts'
import type { AuthResponse } from '../../../schemas/users.ts'
import type { AuthenticationCredential } from '../../../schemas/webauthn.ts'
import type { PasskeySettings } from '../../config/passkey-settings.ts'
import type { Database } from '../../database/tables.ts'
import { problems } from '../../http/problems.ts'
import { printable } from '../../logging/printable.ts'
import type { Mail } from '../../mail/mail.ts'
import { type PasskeyUse, passkeysRepository } from '../../repositories/passkeys.ts'
import { usersRepository } from '../../repositories/users.ts'
import type { Client } from '../client.ts'
import { noticeLogin } from '../notices.ts'
import type { Revocations } from '../revocations/revocations.ts'
import type { SecurityLog } from '../security-log.ts'
import type { Sessions } from '../sessions.ts'
import type { LimitChanges } from '../throttle/changes.ts'
import type { OwnToken } from '../tokens/claims.ts'
import type { SecondFactors } from './factors.ts'
import type { OpenChallenge, PasskeyChallenges, PasskeyPurpose } from './passkey-challenges.ts'
import { creationOptions, requestOptions, verifyAssertion, verifyRegistration } from './webauthn.ts'

/** Passkeys of an account. */
const maxPasskeys = 20

/** A passkey is used with user verification, so that it counts as two factors (RFC 8176; NIST SP 800-63B-4, 2.2.1). */
const methods = ['hwk', 'mfa']

/** The key was copied, or two uses overtook each other (WebAuthn, section 6.1.1). */
const reversed = 'the counter went back'

/** For the log: the library repeats what the request claims, such as its origin. */
const told = (reason: string) => printable(reason).slice(0, 200)

interface Parts {
  /** Undefined where no host is configured that passkeys can belong to. */
  settings: PasskeySettings | undefined
  challenges: PasskeyChallenges
  factors: Pick<SecondFactors, 'change' | 'turnOn' | 'tidy'>
  sessions: Pick<Sessions, 'admits' | 'open' | 'raise'>
  revocations: Pick<Revocations, 'settle'>
  log: SecurityLog
  mail: Pick<Mail, 'settings' | 'write' | 'wake'>
  limitChanges: LimitChanges
}

/** An assertion that was verified, and not used yet. */
interface Assertion {
  passkeyId: string
  userId: string
  use: PasskeyUse
  challenge: OpenChallenge
}

const ofSession = (purpose: 'registration' | 'step-up', { subject: userId, sessionId }: OwnToken): PasskeyPurpose => ({
  ...{ purpose, userId, sessionId }
})

/** Passkeys: WebAuthn credentials, which sign in and step up. */
export function createPasskeys(db: Kysely<Database>, parts: Parts) {
  const { challenges, factors, sessions, revocations, log, mail, limitChanges } = parts
  const passkeys = passkeysRepository(db)

  function relyingParty(): PasskeySettings {
    if (!parts.settings) throw problems.passkeysOff()
    return parts.settings
  }

  /** The check of a challenge that the library calls, and what it found. */
  function expect(purpose: PasskeyPurpose) {
    const found: { challenge?: OpenChallenge | undefined } = {}
    const isChallenge = (text: string) => {
      found.challenge = challenges.open(purpose, text)
      return found.challenge !== undefined
    }
    return { found, isChallenge }
  }

  /** Records a refused passkey. The answer is the same for every reason, and for credentials that nobody has. */
  async function refuse(client: Client, userId: string | undefined, reason: string): Promise<never> {
    const account = `passkey of ${userId ?? 'nobody'}`
    const event = reason === reversed ? 'passkey.cloned' : 'passkey.failed'
    await log.record(event, client, { user_id: userId ?? null, account })
    throw problems.invalidPasskey(told(reason))
  }

  /** Verifies an assertion without using it. For a step-up the passkey must be of `userId`. */
  async function verify(
    credential: AuthenticationCredential,
    { purpose, client, userId }: { purpose: PasskeyPurpose; client: Client; userId?: string }
  ): Promise<Assertion> {
    const settings = relyingParty()
    const stored = await passkeys.find(credential.id)
    if (!stored || (userId ?? stored.user_id) !== stored.user_id)
      return refuse(client, userId, 'no passkey of this user')
    const { found, isChallenge } = expect(purpose)
    const isDiscovered = userId === undefined
    const use = await verifyAssertion(settings, credential, stored, { isChallenge, isDiscovered }).catch(
      ({ message }: Error) => refuse(client, stored.user_id, message)
    )
    return { passkeyId: stored.id, userId: stored.user_id, use, challenge: found.challenge as OpenChallenge }
  }

  /** Uses an assertion, in the transaction that holds the user, once. Returns why it cannot be used. */
  async function use(
    { passkeyId, use, challenge }: Assertion,
    trx: Transaction<Database>
  ): Promise<string | undefined> {
    const passkeys = passkeysRepository(trx)
    if (!(await passkeys.useChallenge(challenge.hash, challenge.expiresAt))) return 'the challenge was used'
    return (await passkeys.use(passkeyId, use)) ? undefined : reversed
  }

  async function add(
    token: OwnToken,
    { credential, name = 'Passkey' }: NewPasskey,
    client: Client
  ): Promise<AddedPasskey> {
    const { subject: user_id, sessionId: session_id } = token
    const refused = (reason: string) =>
      problems.validationFailed(
        [{ pointer: '/credential', message: 'is not valid here, was used, or is older than five minutes' }],
        told(reason)
      )
    const { found, isChallenge } = expect(ofSession('registration', token))
    const verified = await verifyRegistration(relyingParty(), credential, isChallenge).catch(({ message }: Error) => {
      throw refused(message)
    })
    const { hash, expiresAt } = found.challenge as OpenChallenge
    const { added, recovery_codes } = await factors.change(token, async (user, trx) => {
      const passkeys = passkeysRepository(trx)
      if (!(await passkeys.useChallenge(hash, expiresAt))) throw refused('the challenge was used')
      if ((await passkeys.descriptors(user_id)).length >= maxPasskeys) throw problems.tooManyPasskeys(maxPasskeys)
      const recovery_codes = await factors.turnOn(token, methods, trx)
      const added = await passkeys.insert({ ...verified, user_id, name })
      if (!added) throw refused('the credential is registered already')
      await mail.write({ kind: 'passkey.added', recipient: user.email, user_id }, client, trx)
      return { added, recovery_codes }
    })
    mail.wake()
    await revocations.settle()
    await log.record('passkey.added', client, { user_id, session_id })
    return { ...added, ...(recovery_codes && { recovery_codes }) }
  }

  return {
    list: passkeys.list,

    rename: passkeys.rename,

    /** Throws `quota_exceeded`, and `not_found` where passkeys are off. */
    async creationOptions(token: OwnToken) {
      const settings = relyingParty()
      const { subject: userId, email } = token
      const existing = await passkeys.descriptors(userId)
      if (existing.length >= maxPasskeys) throw problems.tooManyPasskeys(maxPasskeys)
      const challenge = challenges.make(ofSession('registration', token))
      return creationOptions(settings, { userId, email, existing, challenge })
    },

    /** Adds a passkey. The first second factor of an account comes with recovery codes. Throws `too_many_requests`. */
    add: (token: OwnToken, given: NewPasskey, client: Client): Promise<AddedPasskey> =>
      limitChanges('passkey.added', token.subject, () => add(token, given, client)),

    /** Removes a passkey. The password still signs in. Throws `not_found`. */
    async remove(token: OwnToken, id: string, client: Client): Promise<void> {
      const { subject: user_id, sessionId: session_id } = token
      await factors.change(token, async (user, trx) => {
        if (!(await passkeysRepository(trx).remove(user_id, id))) throw problems.notFound('Passkey')
        await factors.tidy(user_id, trx)
        await mail.write({ kind: 'passkey.removed', recipient: user.email, user_id }, client, trx)
      })
      mail.wake()
      await log.record('passkey.removed', client, { user_id, session_id })
    },

    /** Makes no query, and is the same for everybody. */
    loginOptions: () => requestOptions(relyingParty(), challenges.make({ purpose: 'login' })),

    /** Opens a session. Throws `invalid_credentials`, the same for every reason, and `email_not_verified`. */
    async logIn(credential: AuthenticationCredential, client: Client): Promise<AuthResponse> {
      const assertion = await verify(credential, { purpose: { purpose: 'login' }, client })
      const { userId: user_id } = assertion
      const outcome = await db.transaction().execute(async (trx) => {
        const user = await usersRepository(trx).hold(user_id)
        const refused = user ? await use(assertion, trx) : 'deactivated'
        if (!user || refused) return { refused }
        if (sessions.admits(user)) {
          const noticed = await noticeLogin(user, client, mail, trx)
          return { opened: await sessions.open(user, methods, client, trx), noticed }
        }
        await mail.write({ kind: 'verify', recipient: user.email, user_id }, client, trx)
        return { opened: undefined, noticed: true }
      })
      const { refused, opened, noticed } = outcome
      if (refused) return refuse(client, user_id, refused)
      if (noticed) mail.wake()
      if (!opened) {
        await log.record('login.unverified', client, { user_id })
        throw problems.emailNotVerified()
      }
      await revocations.settle()
      await log.record('login', client, { user_id })
      return opened
    },

    /** Options for a step-up with a passkey of the user. */
    async stepUpOptions(token: OwnToken) {
      const settings = relyingParty()
      const existing = await passkeys.descriptors(token.subject)
      return requestOptions(settings, challenges.make(ofSession('step-up', token)), existing)
    },

    /** Raises the session of a token. Throws `invalid_credentials` and `token_revoked`. */
    async raise(token: OwnToken, credential: AuthenticationCredential, client: Client): Promise<AuthResponse> {
      const { subject: userId } = token
      const assertion = await verify(credential, { purpose: ofSession('step-up', token), client, userId })
      const outcome = await db.transaction().execute(async (trx) => {
        await usersRepository(trx).hold(userId)
        return (await use(assertion, trx)) ?? sessions.raise(token, methods, trx)
      })
      return typeof outcome === 'string' ? refuse(client, userId, outcome) : outcome
    }
  }
}

export type Passkeys = ReturnType<typeof createPasskeys>
