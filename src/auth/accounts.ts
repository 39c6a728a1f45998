import { v4 as uuid } from 'uuid'
import type { Login, NewUser, User } from '../../schemas/users.ts'
import { problems } from '../problems.ts'
import type { UsersRepository } from '../repositories/users.ts'
import type { AccessTokens } from './access-tokens.ts'
import { type Passwords, passwordRefusal } from './passwords.ts'

const normal = (email: string) => email.trim().toLowerCase()

/** Signing up and logging in with email and password. */
export function createAccounts(users: UsersRepository, passwords: Passwords, tokens: AccessTokens) {
  const registering = new Map<string, Promise<User | undefined>>()

  const create = async (email: string, { name, password }: NewUser) =>
    users.insert({ email, name, password_hash: await passwords.hash(password) })

  const authenticated = (user: User) => ({
    ...tokens.issue(user, uuid()),
    token_type: 'bearer' as const,
    user
  })

  return {
    /** Makes an account. Throws `validation_failed`, `email_taken` or `unavailable`. */
    async register(newUser: NewUser) {
      const email = normal(newUser.email)
      const message = passwordRefusal(newUser.password, email)
      if (message) throw problems.validationFailed([{ pointer: '/password', message }])
      // The unique index decides. But a hash is dear: whoever comes while the same address is being registered, by
      // whomever, learns from that attempt that it is taken, or that nothing can be registered now.
      const first = registering.get(email)
      if (first) {
        await first
        throw problems.emailTaken()
      }
      const attempt = create(email, newUser)
      registering.set(email, attempt)
      const user = await attempt.finally(() => registering.delete(email))
      if (!user) throw problems.emailTaken()
      return authenticated(user)
    },

    /** Checks email and password. Throws `invalid_credentials`, after the same work whatever is wrong, or `unavailable`. */
    async login({ email, password }: Login) {
      const found = await users.findLogin(normal(email))
      const right = await passwords.verify(password, found?.password_hash)
      if (!found) throw problems.invalidCredentials('unknown email')
      if (!right) throw problems.invalidCredentials('wrong password')
      const { password_hash, ...user } = found
      if (!user.is_active) throw problems.invalidCredentials('deactivated')
      if (passwords.isOutdated(password_hash))
        await users.replaceHash(user.id, password_hash, await passwords.hash(password))
      return authenticated(user)
    }
  }
}

export type Accounts = ReturnType<typeof createAccounts>
