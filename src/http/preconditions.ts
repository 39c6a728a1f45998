import { Readable } from 'node:stream'
import type { Versions } from '../repositories/versions.ts'
import { type Problem, problems } from './problems.ts'

const entityTag = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g
const timestamp = /^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const isTime = (text: string): boolean => timestamp.test(text) && new Date(Date.parse(text) || 0).toISOString() === text

/** A strong validator (RFC 9110, section 8.8.1): every change sets a new `updated_at`. */
export const etagOf = ({ updated_at }: { updated_at: string }): string => `"${updated_at}"`

/** Returns the `updated_at` that If-Match allows (RFC 9110, section 13.1.1), or undefined for any. Weak tags match nothing. */
export function allowedVersions(ifMatch: string | undefined): string[] | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined
  const tags = ifMatch.match(entityTag)
  if (!tags || !/^[\s,]*$/.test(ifMatch.replace(entityTag, '')))
    throw problems.malformedRequest('The If-Match header is unreadable')
  return tags.map((tag) => tag.slice(1, -1)).filter(isTime)
}

/** Whether the client has the current version (If-None-Match, RFC 9110, section 13.1.2: weak comparison). */
export const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch === '*' || (ifNoneMatch?.match(entityTag) ?? []).some((tag) => tag === etag || tag === `W/${etag}`)

export type NoContent = Readable

/** The payload of a 304. Fastify would send null as text, and would set a length of 0 for HEAD. */
export const noContent = (): NoContent => Readable.from([])

interface Request {
  headers: { 'if-match'?: string | undefined; 'if-none-match'?: string | undefined }
}

interface Reply {
  header: (name: string, value: string) => unknown
  code: (status: 304) => unknown
}

/** The versions that a change of this request may replace; undefined for any. Throws `malformed_request`. */
export const ifMatch = ({ headers }: Request): Versions => allowedVersions(headers['if-match'])

/** Returns why no row changed: it does not exist for the user, or it has another version. */
export async function whyUnchanged(what: string, versions: Versions, find: () => Promise<unknown>): Promise<Problem> {
  const isThere = versions !== undefined && (await find()) !== undefined
  return isThere ? problems.preconditionFailed() : problems.notFound(what)
}

/** Returns the payload of a resource with its ETag: nothing, with 304, if the client has the current version. */
export function sendVersion<Row extends { updated_at: string }>(
  { headers }: Request,
  reply: Reply,
  row: Row
): Row | NoContent {
  const etag = etagOf(row)
  reply.header('etag', etag)
  if (!isKnown(headers['if-none-match'], etag)) return row
  reply.code(304)
  return noContent()
}
