import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Database } from '../database/tables.ts'
import { type Claim, idempotencyKeysRepository } from '../repositories/idempotency-keys.ts'
import { problems } from './problems.ts'

/** A String of RFC 8941, section 3.3.3, or the same without quotes, as most clients send it. */
const readable = /^(?:"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"|([\w.:~+/=-]{1,255}))$/

interface Pieces<Body, Row> {
  /** Creates a row without a key. */
  insert: (userId: string, body: Body) => Promise<Row>
  /** Creates it for the first request under a key, and returns undefined for all others (`insertOnce`). */
  insertOnce: (claim: Claim, body: Body) => Promise<Row | undefined>
  /** The row as it was when it was created. The body is that of the first request, so only id and time are stored. */
  replay: (made: { id: string; created_at: string }, body: Body) => Row
  /** What two requests under one key must have in common; by default the body. */
  same?: (body: Body) => readonly unknown[]
}

interface Request<Body> {
  url: string
  headers: { readonly [name: string]: unknown }
  user: { id: string }
  body: Body
}

interface Reply {
  header: (name: string, value: string) => unknown
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The order of members does not matter. */
const sorted = (_name: string, value: unknown) =>
  isPlain(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((name) => [name, value[name]])
      )
    : value

/** A URL may be absolute (RFC 9112, section 3.2.2), with an unverified host. */
const pathOf = (url: string): string => (url.startsWith('/') ? url.replace(/[?#].*/s, '') : new URL(url).pathname)

/**
 * Creates a resource once per `Idempotency-Key` of a user (draft-ietf-httpapi-idempotency-key-header-07): later requests get
 * the first one's answer. Throws `malformed_request`, `idempotency_in_progress` and, for a key of another request or another
 * resource, `idempotency_mismatch`.
 */
export function idempotent<Body, Row extends { id: string }>(
  db: Kysely<Database>,
  { insert, insertOnce, replay, same = (body) => [body] }: Pieces<Body, Row>
) {
  const keys = idempotencyKeysRepository(db)

  async function once(
    header: string,
    path: string,
    userId: string,
    body: Body
  ): Promise<{ row: Row; replayed: boolean }> {
    const [, quoted, bare] = readable.exec(header) ?? []
    const key = quoted ?? bare
    if (key === undefined) throw problems.malformedRequest('The Idempotency-Key is unreadable: 1 to 255 characters')
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([path, ...same(body)], sorted))
      .digest()
    const claim = { userId, key, fingerprint }
    const made = await insertOnce(claim, body)
    if (made) return { row: made, replayed: false }
    const earlier = await keys.find(claim)
    if (!earlier) throw problems.idempotencyInProgress()
    const { id, created_at, isSame } = earlier
    if (!isSame) throw problems.idempotencyMismatch()
    return { row: replay({ id, created_at }, body), replayed: true }
  }

  return async function create({ url, headers, user, body }: Request<Body>, reply: Reply) {
    const path = pathOf(url)
    const header = headers['idempotency-key']
    const { row, replayed } =
      header === undefined
        ? { row: await insert(user.id, body), replayed: false }
        : await once(String(header), path, user.id, body)
    if (replayed) reply.header('idempotency-replayed', 'true')
    return { row, location: `${path}/${row.id}` }
  }
}
