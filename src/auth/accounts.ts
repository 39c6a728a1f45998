import type { Kysely } from 'kysely'
import type { AuthResponse, Login, NewUser, PasswordChange } from '../../schemas/users.ts'
import type { Database } from '../database/tables.ts'
import { problems } from '../http/problems.ts'
import type { Mail } from '../mail/mail.ts'
import { mailTokensRepository } from '../repositories/mail-tokens.ts'
import { revocationsRepository } from '../repositories/revocations.ts'
import { tasksRepository } from '../repositories/tasks.ts'
import { usersRepository } from '../repositories/users.ts'
import type { Client } from './client.ts'
import { normalEmail } from './email-address.ts'
import { createPasswordChecks } from './passwords/password-checks.ts'
import { type Passwords, passwordRefusal } from './passwords/passwords.ts'
import { revocationOfForeign } from './revocations/revocation-rows.ts'
import type { Revocations } from './revocations/revocations.ts'
import type { SecurityLog } from './security-log.ts'
import type { Sessions } from './sessions.ts'
import type { Throttle } from './throttle/throttle.ts'
import type { AccessToken } from './tokens/claims.ts'

// Seconds. We have no password to check when another issuer's token deletes an account.
const maxTokenAge = 5 * 60
const tasksAtOnce = 20_000

function checkNew(password: string, email: string, pointer: string): void {
  const message = passwordRefusal(password, email)
  if (message) throw problems.validationFailed([{ pointer, message }])
}

interface Parts {
  passwords: Passwords
  sessions: Sessions
  revocations: Revocations
  throttle: Throttle
  log: SecurityLog
  mail: Pick<Mail, 'write' | 'wake'>
  clock: () => number
}

export function createAccounts(db: Kysely<Database>, parts: Parts) {
  const { passwords, sessions, revocations, log, mail, clock } = parts
  const users = usersRepository(db)
  const checks = createPasswordChecks(users, parts)
  const registering = new Map<string, Promise<AuthResponse | undefined>>()

  async function create(email: string, { name, password }: NewUser, client: Client) {
    const password_hash = await passwords.enqueue(client, ({ hash }) => hash(password), { signingUp: true })
    return db.transaction().execute(async (trx) => {
      const user = await usersRepository(trx).insert({ email, name, password_hash })
      return user && sessions.open(user, client, trx)
    })
  }

  /** Throws `invalid_credentials`, after the same work whatever the reason, `too_many_requests` or `unavailable`. */
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
    const opened = await db.transaction().execute(async (trx) => {
      const user = await usersRepository(trx).holdLogin(id, password_hash)
      return user && sessions.open(user, client, trx)
    })
    // Meanwhile the password changed or a concurrent login upgraded its hash: try again.
    if (!opened) return login(given, client)
    await revocations.settle()
    await log.record('login', client, { user_id: id })
    // In the background, because the time of a login must not reveal the age of its hash.
    if (passwords.isOutdated(password_hash, given.password))
      passwords.whenIdle(id, async ({ rehash }) =>
        users.replaceHash(id, password_hash, await rehash(given.password, password_hash))
      )
    return opened
  }

  /** Ends every session, also an attacker's, and opens a new one. Throws as `login` does, `forbidden` and `token_revoked`. */
  async function changePassword(token: AccessToken, change: PasswordChange, client: Client): Promise<AuthResponse> {
    if (token.issuer !== null) throw problems.forbidden()
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
      await sessions.hold(token, trx)
      const user = await users.replaceHash(userId, hash, newHash)
      if (!user) return undefined
      await sessions.endAll(userId, trx)
      await mailTokensRepository(trx).invalidate(userId)
      await mail.write({ kind: 'password.changed', recipient: user.email, user_id: userId }, client, trx)
      return sessions.open(user, client, trx)
    })
    // A concurrent login upgraded the hash of the same password.
    if (!opened) return changePassword(token, change, client)
    mail.wake()
    await revocations.settle()
    await log.record('password.changed', client, { user_id: userId })
    return opened
  }

  return {
    async register(newUser: NewUser, client: Client): Promise<AuthResponse> {
      // The schema accepts only valid addresses.
      const email = normalEmail(newUser.email) as string
      checkNew(newUser.password, email, '/password')
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
      await log.record('register', client, { user_id: registered.user.id })
      return registered
    },

    login,

    changePassword,

    async remove(userId: string, token: AccessToken, password: string | undefined, client: Client): Promise<void> {
      const { issuer } = token
      if (issuer === null) await checks.confirm(userId, { pointer: '/password', password }, client)
      else if (token.issuedAt < clock() / 1000 - maxTokenAge) throw problems.forbidden()
      await db.transaction().execute(async (trx) => {
        if (!(await usersRepository(trx).hold(userId))) throw problems.tokenRevoked('account ended meanwhile')
        if (issuer === null) await sessions.hold(token, trx)
        await usersRepository(trx).lock(userId)
        await tasksRepository(trx).removeAll(userId, tasksAtOnce)
        await usersRepository(trx).remove(userId)
        if (issuer !== null) await revocationsRepository(trx).insert(revocationOfForeign({ ...token, issuer }, clock()))
      })
      await revocations.settle()
      await log.record('account.deleted', client, { user_id: userId })
    }
  }
}

export type Accounts = ReturnType<typeof createAccounts>
