import type { Kysely } from 'kysely'
import type { AuthResponse, Login, NewUser, PasswordChange } from '../../schemas/users.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../database/tables.ts'
import { problems } from '../http/problems.ts'
import type { Mail } from '../mail/mail.ts'
import { mailTokensRepository } from '../repositories/mail-tokens.ts'
import { revocationsRepository } from '../repositories/revocations.ts'
import { signUpsRepository } from '../repositories/sign-ups.ts'
import { usersRepository } from '../repositories/users.ts'
import type { Client } from './client.ts'
import { normalEmail } from './email-address.ts'
import type { Challenges } from './factors/challenges.ts'
import { maxTokenAge } from './factors/step-up.ts'
import { noticeLogin } from './notices.ts'
import { createPasswordChecks } from './passwords/password-checks.ts'
import { type Passwords, passwordRefusal } from './passwords/passwords.ts'
import type { Recovery } from './recovery.ts'
import { type Erase, keepAnAdmin, removeAccount } from './removal.ts'
import { revocationOfForeign } from './revocations/revocation-rows.ts'
import type { Revocations } from './revocations/revocations.ts'
import type { SecurityLog } from './security-log.ts'
import type { Sessions } from './sessions.ts'
import type { LimitChanges } from './throttle/changes.ts'
import type { Throttle } from './throttle/throttle.ts'
import type { AccessToken, OwnToken } from './tokens/claims.ts'

function checkNew(password: string, email: string, pointer: string): void {
  const message = passwordRefusal(password, email)
  if (message) throw problems.validationFailed([{ pointer, message }])
}

interface Parts {
  passwords: Passwords
  sessions: Sessions
  revocations: Revocations
  throttle: Throttle
  challenges: Pick<Challenges, 'begin'>
  log: SecurityLog
  mail: Pick<Mail, 'settings' | 'write' | 'wake'>
  countRequest: Recovery['countRequest']
  limitChanges: LimitChanges
  settings: Pick<Config, 'emailVerification' | 'privateSignUp'>
  erase?: Erase | undefined
  clock: () => number
}

export function createAccounts(db: Kysely<Database>, parts: Parts) {
  const { passwords, sessions, challenges, revocations, log, mail, countRequest, limitChanges, settings, clock } = parts
  const { emailVerification, privateSignUp } = settings
  const users = usersRepository(db)
  const checks = createPasswordChecks(users, parts)
  const registering = new Map<string, ReturnType<typeof create>>()

  const hashNew = (password: string, client: Client) =>
    passwords.enqueue(client, ({ hash }) => hash(password), { signingUp: true })

  async function create(email: string, { name, password }: NewUser, client: Client) {
    const password_hash = await hashNew(password, client)
    return db.transaction().execute(async (trx) => {
      const user = await usersRepository(trx).insert({ email, name, password_hash })
      if (!user) return undefined
      if (emailVerification !== 'off')
        await mail.write({ kind: 'verify', recipient: email, user_id: user.id }, client, trx)
      return { user, opened: sessions.admits(user) ? await sessions.open(user, ['pwd'], client, trx) : undefined }
    })
  }

  /**
   * Keeps a sign-up until its address is confirmed. It does the same for every address, and there is no account meanwhile,
   * so that neither the answer nor a login afterwards tells whether the address is taken (OWASP ASVS 5.0, 6.3.8).
   */
  async function keepSignUp(email: string, { name, password }: NewUser, client: Client): Promise<void> {
    const password_hash = await hashNew(password, client)
    await db.transaction().execute(async (trx) => {
      const mail_id = (await mail.write({ kind: 'sign-up', recipient: email }, client, trx)) as string
      await signUpsRepository(trx).insert({ mail_id, email, name, password_hash })
    })
    mail.wake()
  }

  /**
   * Throws `invalid_credentials`, after the same work whatever the reason, `too_many_requests` or `unavailable`; after the
   * right password also `email_not_verified` and `second_factor_required`.
   */
  async function login(given: Login, client: Client): Promise<AuthResponse> {
    const email = normalEmail(given.email) as string
    let reason = 'unknown email'
    const { found, right } = await passwords.enqueue(client, async ({ verify }) => {
      const found = await users.findLogin(email)
      const isRight = async () => {
        const right = await verify(given.password, found?.password_hash)
        if (found) reason = right ? 'deactivated' : 'wrong password'
        return right && found?.is_active === true
      }
      return { found, right: await checks.check('login', { email, userId: found?.id ?? null }, client, isRight) }
    })
    if (!found || !right) {
      await log.record('login.failed', client, { user_id: found?.id ?? null, account: email })
      throw problems.invalidCredentials(reason)
    }
    const { id, password_hash } = found
    const outcome = await db.transaction().execute(async (trx) => {
      const user = await usersRepository(trx).holdLogin(id, password_hash)
      if (!user) return undefined
      if (sessions.admits(user)) {
        const challenge = await challenges.begin(id, trx)
        if (challenge) return { challenge }
        const noticed = await noticeLogin(user, client, mail, trx)
        return { opened: await sessions.open(user, ['pwd'], client, trx), noticed }
      }
      await mail.write({ kind: 'verify', recipient: email, user_id: id }, client, trx)
      return { opened: undefined, noticed: true }
    })
    // Meanwhile the password changed or a concurrent login upgraded its hash: try again.
    if (!outcome) return login(given, client)
    // In the background, because the time of a login must not reveal the age of its hash.
    if (passwords.isOutdated(password_hash, given.password))
      passwords.whenIdle(id, async ({ rehash }) =>
        users.replaceHash(id, password_hash, await rehash(given.password, password_hash))
      )
    if (outcome.challenge) {
      await log.record('login.challenged', client, { user_id: id })
      throw problems.secondFactorRequired(outcome.challenge)
    }
    const { opened, noticed } = outcome
    if (noticed) mail.wake()
    if (!opened) {
      await log.record('login.unverified', client, { user_id: id })
      throw problems.emailNotVerified()
    }
    await revocations.settle()
    await log.record('login', client, { user_id: id })
    return opened
  }

  /**
   * Ends every session, also an attacker's, and opens a new one, which keeps a second factor that was proved. Throws as
   * `login` does, `forbidden` and `token_revoked`.
   */
  async function changePassword(token: OwnToken, change: PasswordChange, client: Client): Promise<AuthResponse> {
    const { subject: userId } = token
    const next = change.new_password
    let newHash = ''
    const given = { pointer: '/current_password', password: change.current_password }
    const { email, hash } = await checks.confirm(userId, given, client, async (hasher, current, stored, email) => {
      if (passwordRefusal(next, email) !== undefined) return hasher.verify(current, stored)
      const [right, made] = await hasher.verifyAndHash(current, stored, next)
      newHash = made
      return right
    })
    checkNew(next, email, '/new_password')
    const opened = await db.transaction().execute(async (trx) => {
      const users = usersRepository(trx)
      if (!(await users.hold(userId))) throw problems.tokenRevoked('account ended meanwhile')
      const proved = await sessions.hold(token, trx)
      const user = await users.replaceHash(userId, hash, newHash)
      if (!user) return undefined
      await sessions.endAll(userId, trx)
      await mailTokensRepository(trx).invalidate(userId)
      await mail.write({ kind: 'password.changed', recipient: user.email, user_id: userId }, client, trx)
      return sessions.open(user, ['pwd'], client, trx, proved)
    })
    // A concurrent login upgraded the hash of the same password.
    if (!opened) return changePassword(token, change, client)
    mail.wake()
    await revocations.settle()
    await log.record('password.changed', client, { user_id: userId })
    return opened
  }

  return {
    /** Returns nothing where a mail must be answered first. Throws `email_taken`, unless signing up is private. */
    async register(newUser: NewUser, client: Client): Promise<AuthResponse | undefined> {
      // The schema accepts only valid addresses.
      const email = normalEmail(newUser.email) as string
      checkNew(newUser.password, email, '/password')
      if (privateSignUp || emailVerification !== 'off') await countRequest(client)
      if (privateSignUp) {
        await keepSignUp(email, newUser, client)
        return undefined
      }
      // The unique index decides. Hashing is expensive, so a concurrent request for the same address waits for the first one.
      const first = registering.get(email)
      if (first) {
        await first
        throw problems.emailTaken()
      }
      const attempt = create(email, newUser, client)
      registering.set(email, attempt)
      const registered = await attempt.finally(() => registering.delete(email))
      if (!registered) throw problems.emailTaken()
      if (emailVerification !== 'off') mail.wake()
      await log.record('register', client, { user_id: registered.user.id })
      return registered.opened
    },

    login,

    async changePassword(token: AccessToken, change: PasswordChange, client: Client): Promise<AuthResponse> {
      // The subject of another issuer may be the id of a user of ours.
      if (token.issuer !== null) throw problems.forbidden()
      return limitChanges('password.changed', token.subject, () => changePassword(token, change, client))
    },

    async remove(userId: string, token: AccessToken, password: string | undefined, client: Client): Promise<void> {
      const { issuer } = token
      if (issuer === null) await checks.confirm(userId, { pointer: '/password', password }, client)
      else if (token.issuedAt < clock() / 1000 - maxTokenAge) throw problems.forbidden()
      await db.transaction().execute(async (trx) => {
        if (!(await usersRepository(trx).hold(userId))) throw problems.tokenRevoked('account ended meanwhile')
        if (issuer === null) await sessions.hold(token, trx)
        await keepAnAdmin(userId, trx)
        await removeAccount(userId, trx, parts.erase)
        if (issuer !== null) await revocationsRepository(trx).insert(revocationOfForeign({ ...token, issuer }, clock()))
      })
      await revocations.settle()
      await log.record('account.deleted', client, { user_id: userId })
    }
  }
}

export type Accounts = ReturnType<typeof createAccounts>
