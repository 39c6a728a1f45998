import { randomBytes } from 'node:crypto'
import { validateHeaderValue } from 'node:http'
import type { Answer, Ask, Caller, Client } from './client.ts'
import { Refused } from './gate.ts'
import type { Ledger } from './ledger.ts'
import { at, type Call, fill, type Profile } from './profiles.ts'
import { idFrom } from './run.ts'

export interface Account extends Caller {
  label: string
  email: string
  password: string
  id: string | undefined
  /** The token of the Authorization header, where there is one. */
  token: string | undefined
  refreshToken: string | undefined
  /** The Set-Cookie headers of the sign-in. */
  cookies: string[]
  /** The Cache-Control header of the sign-in. */
  cacheControl: string
  /** Whether the run made it, and so deletes it. */
  isOurs: boolean
}

type Identity = Pick<Account, 'label' | 'email' | 'password' | 'isOurs'>

/** Whether a value of the deployment can be sent back in a header. */
function isSendable(value: string): boolean {
  try {
    validateHeaderValue('authorization', value)
    return true
  } catch {
    return false
  }
}

export const cookiePairs = (lines: string[]) =>
  lines.map((line) => line.split(';')[0] ?? '').filter((pair) => !/=$/.test(pair) && isSendable(pair))

/** A request of the profile, as an account. */
export function callOf(call: Call, account: Partial<Account>): Ask {
  const { email, password, refreshToken: refresh_token } = account
  const method = call.method ?? (call.body === undefined ? 'GET' : 'POST')
  const body = fill(call.body, { email, password, refresh_token, name: 'Gatehouse prove' })
  return { method, path: call.path, ...(body !== undefined && { body }) }
}

/** Signs up, signs in and deletes the accounts of a run. */
export function createAccounts({ ask, base }: Client, profile: Profile, ledger: Ledger) {
  const made: Account[] = []

  /** An address that belongs to nobody. */
  function address(): string {
    const id = `prove-${randomBytes(8).toString('hex')}`
    return profile.email?.replace('{id}', id) ?? `${id}@example.com`
  }

  /** A strong password: letters, digits and a sign. */
  const secret = () => `${randomBytes(12).toString('base64url')}-Aa7!`

  /** What an answer of signing up or in gives an account. Undefined without credentials. */
  function accept(answer: Answer, account: Identity) {
    const isToken = 'token' in profile.credential
    const given = isToken ? at(answer.json, (profile.credential as { token: string }).token) : undefined
    const token = typeof given === 'string' && isSendable(given) ? given : undefined
    const pairs = cookiePairs(answer.cookies)
    for (const text of [token, ...pairs.map((pair) => pair.slice(pair.indexOf('=') + 1))]) ledger.hide(text)
    if (answer.status >= 300 || (isToken ? token === undefined : pairs.length === 0)) return undefined
    const refreshToken = at(answer.json, profile.refreshToken)
    if (typeof refreshToken === 'string') ledger.hide(refreshToken)
    const id = at(answer.json, profile.userId)
    const headers: Record<string, string> = isToken
      ? { authorization: `Bearer ${token}` }
      : { cookie: pairs.join('; '), origin: base.origin }
    const { label, email, password, isOurs } = account
    return {
      ...{ label, email, password, isOurs },
      id: idFrom(id),
      token,
      refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
      cookies: answer.cookies,
      cacheControl: answer.headers['cache-control'] ?? '',
      headers
    }
  }

  async function signIn(account: Identity, more: Partial<Ask> = {}) {
    if (!profile.signIn) return undefined
    return accept(await ask({ ...callOf({ method: 'POST', ...profile.signIn }, account), ...more }), account)
  }

  /** An account to work with: a new one, or one of the profile. */
  async function open(label: string, index: number): Promise<Account> {
    const given = profile.accounts?.[index]
    const account = { label, email: given?.email ?? address(), password: given?.password ?? secret(), isOurs: !given }
    ledger.hide(account.password)
    let answer: Answer | undefined
    let opened: Account | undefined
    if (!given && profile.signUp) {
      answer = await ask(callOf({ method: 'POST', ...profile.signUp }, account))
      if (answer.status >= 300)
        throw new Refused(`Signing up at ${profile.signUp.path} answers ${answer.status}: ${answer.text.slice(0, 200)}`)
      opened = accept(answer, account)
    }
    opened ??= await signIn(account)
    if (!opened)
      throw new Refused(
        `Account ${label} gets no credentials by signing ${given ? 'in' : 'up or in'}. Check credential in the profile, or give it accounts whose address is verified.`
      )
    if (!given) made.push(opened)
    return opened
  }

  /** Deletes an account. Returns its address if that failed. */
  async function remove(account: Account): Promise<string | undefined> {
    if (!profile.deleteAccount) return account.email
    const call = callOf({ method: 'POST', ...profile.deleteAccount }, account)
    const fresh = await signIn(account).catch(() => undefined)
    const answer = await ask({ ...call, as: fresh ?? account }).catch(() => undefined)
    return answer && answer.status < 300 ? undefined : account.email
  }

  return {
    address,
    secret,
    accept,
    signIn,
    open,
    remove,
    /** Remembers an account that a check has made. */
    keep: (account: Account) => void made.push(account),
    forget: (account: Account) => void made.splice(made.indexOf(account), 1),
    /** The accounts that the run has made and not deleted. */
    made: () => made,
    /** Returns the addresses of those that are left. */
    async removeAll(all: Account[]): Promise<string[]> {
      const left = []
      for (const account of all) left.push(await remove(account))
      return left.filter((email) => email !== undefined)
    }
  }
}

export type Accounts = ReturnType<typeof createAccounts>
