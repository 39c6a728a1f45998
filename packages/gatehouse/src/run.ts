import type { Account, Accounts } from './accounts.ts'
import { type Answer, type Ask, type Client, wellFormed } from './client.ts'
import type { Ledger } from './ledger.ts'
import type { Operation, Resolve } from './openapi.ts'
import { at, type Profile } from './profiles.ts'

/** What the checks work with. */
export interface Run {
  client: Client
  ask: Client['ask']
  profile: Profile
  ledger: Ledger
  accounts: Accounts
  /** The operations of the OpenAPI document that may be called. */
  operations: Operation[]
  resolve: Resolve
  a: Account
  b: Account
  /** The secret that signs HS256 tokens, where the run knows it. */
  secret: string | undefined
  /** Wrong passwords that are tried. */
  attempts: number
}

/** Whether an answer is that of somebody who is signed in. */
export const opens = ({ anonymous }: Profile, { status, text }: Answer) =>
  status >= 200 && status < 300 && text.trim() !== anonymous

/** Whether an answer is that of nobody. */
export const refuses = ({ anonymous }: Profile, { status, text }: Answer) =>
  status === 401 || (anonymous !== undefined && status === 200 && text.trim() === anonymous)

export const shown = ({ method = 'GET', path }: Ask, { status }: Pick<Answer, 'status'>, what = '') =>
  `${method} ${path}${what && `, ${what}`}: ${status}`

const unknownId = '01890000-0000-7000-8000-000000000000'

/** A URL of an operation, with ids that belong to nothing. */
export const urlOf = ({ path, parameters }: Operation) =>
  path.replace(/\{([^}]+)\}/g, (_, name: string) => missingId(parameters.find((each) => each.name === name)?.schema))

/** An id that belongs to nothing: of the form of a schema, or of an id. */
export function missingId(schema: Record<string, unknown> = {}, like?: string): string {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'integer' || type === 'number' || (like !== undefined && /^\d+$/.test(like)))
    return String(Math.min(2_147_483_000, Number(schema.maximum ?? Number.POSITIVE_INFINITY)))
  if (like === undefined || /^[\da-f]{8}-[\da-f]{4}-/i.test(like))
    return like === undefined ? unknownId : `${like.slice(0, 9)}${crypto.randomUUID().slice(9)}`
  // Each letter differs, so that a short id is not by chance the one that exists.
  return Array.from(like, (letter) => {
    const others = [...'abcdefghijkmnpqrstuvwxyz23456789'].filter((other) => other !== letter.toLowerCase())
    return /\w/.test(letter) ? others[Math.floor(Math.random() * others.length)] : letter
  }).join('')
}

/** The path of a collection without the slash that some frameworks put at its end. */
export const collectionPath = (path: string) => path.replace(/\/$/, '')

/** An id as a path can have it. */
export const idFrom = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? wellFormed(String(value)) || undefined : undefined

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined // not what a URL can have
  }
}

/** The id of what an answer is about. */
export function idOf({ json, headers }: Answer): string | undefined {
  const [, last] = /\/([^/?#]+)\/?$/.exec(headers.location ?? '') ?? []
  return idFrom(at(json, 'id') ?? at(json, 'data.id') ?? at(json, 'item.id') ?? (last && decoded(last)))
}

/** Deletes what a request has created, as far as the OpenAPI document says how. */
export async function discard({ ask, operations }: Run, request: Ask, answer: Answer): Promise<void> {
  const id = answer.status < 300 && request.method === 'POST' ? idOf(answer) : undefined
  const made = collectionPath(request.path)
  const parts = made.split('/')
  const isParameter = (part: string | undefined) => /^\{[^}]+\}$/.test(part ?? '')
  const matches = (path: string) => {
    const named = path.split('/')
    return (
      isParameter(named.pop()) &&
      named.length === parts.length &&
      named.every((part, index) => isParameter(part) || part === parts[index])
    )
  }
  const remove = operations.find(({ method, path }) => method === 'DELETE' && matches(path))
  if (id === undefined || !remove) return
  await ask({ method: 'DELETE', path: `${made}/${encodeURIComponent(id)}`, as: request.as })
}
