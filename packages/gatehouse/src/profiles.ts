/** One call of the deployment. In a body, `{email}`, `{password}` and `{name}` stand for those of the account. */
export interface Call {
  method?: string
  path: string
  body?: unknown
}

/** Where a deployment has what a run needs. Paths into JSON are names with dots: `user.id`. */
export interface Profile {
  /** The OpenAPI document, as JSON. Without it only `resources` are tried for isolation. */
  openapi?: string
  /** Without it `accounts` must name two accounts. */
  signUp?: Call
  signIn?: Call
  signOut?: Call
  refresh?: Call
  deleteAccount?: Call
  /** Sends the mail that resets a password. */
  forgot?: Call
  /** Accounts that exist, in place of signing up. They are not deleted. */
  accounts?: { email: string; password: string }[]
  /** An operation that needs an account, and changes nothing. */
  me: Call
  /** The body with which `me` answers 200 to a stranger, where it does. */
  anonymous?: string
  /** How requests authenticate: by a token of the sign-in's answer, or by its cookies. */
  credential: { token: string } | { cookies: true }
  /** A call that gives a JWT, and where it is in the answer. Its hostile variants go to `me`. */
  jwt?: Call & { token: string }
  /** Where the sign-in's answer has the refresh token, and the id of the account. */
  refreshToken?: string
  userId?: string
  /** Names of path parameters that are ids of accounts. */
  accountParameters?: string[]
  /** Beginnings of paths that need credentials although the OpenAPI document does not say so. */
  protectedPaths?: string[]
  /** Beginnings of paths that need no credentials although the OpenAPI document says so. */
  openPaths?: string[]
  /** Operations that are left alone, such as `POST /api/payments`. */
  skip?: string[]
  /** Bodies of operations, where the schema is not enough: `{"POST /api/notes": {"title": "x"}}`. */
  bodies?: Record<string, unknown>
  /** Collections to try for isolation besides those of the OpenAPI document. */
  resources?: { path: string; body: unknown; id?: string }[]
  jwks?: string
  metadata?: string
  pages?: string[]
  /** Whether errors are application/problem+json. */
  problems?: boolean
  /** Where http is answered: by default port 80, if https is at 443. */
  httpPort?: number
  /** An address that mails may go to; `{id}` is a random name. */
  email?: string
}

const gatehouse: Profile = {
  openapi: '/openapi.json',
  signUp: { path: '/api/auth/register', body: { email: '{email}', name: '{name}', password: '{password}' } },
  signIn: { path: '/api/auth/login', body: { email: '{email}', password: '{password}' } },
  signOut: { path: '/api/auth/logout' },
  refresh: { path: '/api/auth/refresh', body: { refresh_token: '{refresh_token}' } },
  deleteAccount: { path: '/api/auth/profile/delete', body: { password: '{password}' } },
  forgot: { path: '/api/auth/password/forgot', body: { email: '{email}' } },
  me: { path: '/api/auth/me' },
  credential: { token: 'access_token' },
  refreshToken: 'refresh_token',
  userId: 'user.id',
  accountParameters: ['user_id'],
  skip: ['GET /api/revocations'],
  jwks: '/.well-known/jwks.json',
  metadata: '/.well-known/oauth-authorization-server',
  pages: ['/', '/docs'],
  problems: true
}

const betterAuth: Profile = {
  openapi: '/api/auth/open-api/generate-schema',
  signUp: { path: '/api/auth/sign-up/email', body: { email: '{email}', name: '{name}', password: '{password}' } },
  signIn: { path: '/api/auth/sign-in/email', body: { email: '{email}', password: '{password}' } },
  signOut: { path: '/api/auth/sign-out', body: {} },
  deleteAccount: { path: '/api/auth/delete-user', body: { password: '{password}' } },
  forgot: { path: '/api/auth/request-password-reset', body: { email: '{email}' } },
  me: { path: '/api/auth/get-session' },
  anonymous: 'null',
  credential: { cookies: true },
  userId: 'user.id',
  // Its document says of all operations that they need credentials.
  openPaths: [
    ...['ok', 'error', 'jwks', 'callback', 'sign-', 'reset-password', 'request-password-reset', 'verify-email'],
    ...['send-verification-email', 'delete-user/callback', 'open-api', 'reference', 'get-session']
  ].map((path) => `/api/auth/${path}`),
  jwks: '/api/auth/jwks',
  pages: ['/']
}

export const profiles: Record<string, Profile> = { gatehouse, 'better-auth': betterAuth }

type Known = Record<string, 'text' | 'call' | 'object' | 'list' | 'flag' | 'port'>
const known: Known = {
  extends: 'text',
  openapi: 'text',
  signUp: 'call',
  signIn: 'call',
  signOut: 'call',
  refresh: 'call',
  deleteAccount: 'call',
  forgot: 'call',
  accounts: 'list',
  me: 'call',
  anonymous: 'text',
  credential: 'object',
  jwt: 'call',
  refreshToken: 'text',
  userId: 'text',
  accountParameters: 'list',
  protectedPaths: 'list',
  openPaths: 'list',
  skip: 'list',
  bodies: 'object',
  resources: 'list',
  jwks: 'text',
  metadata: 'text',
  pages: 'list',
  problems: 'flag',
  httpPort: 'port',
  email: 'text'
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const fits = (value: unknown, kind: string | undefined) =>
  value === null ||
  (kind === 'text' && typeof value === 'string') ||
  (kind === 'port' && Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536) ||
  (kind === 'flag' && typeof value === 'boolean') ||
  (kind === 'list' && Array.isArray(value)) ||
  (kind === 'object' && isObject(value)) ||
  (kind === 'call' && isObject(value) && typeof value.path === 'string' && value.path.startsWith('/'))

/** Whether the members that every profile needs are there; their types are checked before. */
const isProfile = (members: object): members is Profile => 'me' in members && 'credential' in members

/**
 * Reads a profile of one's own. `extends` names the one that it changes, and null removes a member. `${NAME}` in a text is
 * an environment variable, so that the file needs no password.
 */
export function readProfile(text: string, environment: Record<string, string | undefined>): Profile {
  const missing = new Set<string>()
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = environment[name]
    if (value === undefined) missing.add(name)
    return JSON.stringify(value ?? '').slice(1, -1)
  })
  if (missing.size > 0) throw new Error(`not set in the environment: ${[...missing].join(', ')}`)
  const given: unknown = JSON.parse(filled)
  if (!isObject(given)) throw new Error('is not a JSON object')
  for (const [name, value] of Object.entries(given)) {
    if (!(name in known)) throw new Error(`${name} is unknown. Known are ${Object.keys(known).join(', ')}`)
    if (!fits(value, known[name]))
      throw new Error(`${name} must be ${known[name] === 'call' ? 'an object with a path' : `a ${known[name]}`}`)
  }
  const { extends: name, ...own } = given
  const base = name === undefined ? {} : profiles[String(name)]
  if (!base) throw new Error(`extends ${JSON.stringify(name)}: known are ${Object.keys(profiles).join(', ')}`)
  const merged = Object.fromEntries(Object.entries({ ...base, ...own }).filter(([, value]) => value !== null))
  if (!isProfile(merged)) throw new Error('me and credential are required')
  if (!('accounts' in merged) && !('signUp' in merged)) throw new Error('signUp or accounts is required')
  return merged
}

/** The value at a path such as `user.id`. */
export function at(value: unknown, path: string | undefined): unknown {
  if (path === undefined) return undefined
  return path.split('.').reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value)
}

/** Fills `{email}` and the like in the texts of a body. */
export function fill(body: unknown, values: Record<string, string | undefined>): unknown {
  if (typeof body === 'string') return body.replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all)
  if (Array.isArray(body)) return body.map((item) => fill(item, values))
  if (isObject(body))
    return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, fill(value, values)]))
  return body
}
