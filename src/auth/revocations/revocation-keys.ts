import { hash } from 'node:crypto'
import type { Revocation } from '../../repositories/revocations.ts'
import type { AccessToken } from '../tokens/claims.ts'

/** The key under which another issuer's user is revoked; the trigger in 0004_revocations.ts makes the same. */
export const foreignKey = (issuer: string, subject: string): string =>
  hash('sha256', `${issuer}\n${subject}`).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')

const foreignKeys = new WeakMap<AccessToken, string>()

/** The key under which a token is revoked: its session's id, or its user's, which is worked out once for a remembered token. */
export function keyOf(token: AccessToken): string {
  if (token.issuer === null) return token.sessionId
  const key = foreignKeys.get(token) ?? foreignKey(token.issuer, token.subject)
  foreignKeys.set(token, key)
  return key
}

const announcement = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (\d{1,10}) (\d{1,12})$/

/** What the trigger in 0004_revocations.ts says. Undefined for anything else: whoever may connect can say that. */
export function parseAnnouncement(payload: string): Revocation | undefined {
  const [, key, cutoff, expires] = announcement.exec(payload) ?? []
  return key === undefined ? undefined : { key, cutoff: Number(cutoff), expires: Number(expires) }
}
