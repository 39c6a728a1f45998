import { hash } from 'node:crypto'
import type { Revocation } from '../../repositories/revocations.ts'
import type { AccessToken } from '../tokens/claims.ts'

/** Returns the revocation key of another issuer's user, as the trigger in 0004_revocations.ts computes it. */
export const foreignKey = (issuer: string, subject: string): string =>
  hash('sha256', `${issuer}\n${subject}`).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5')

const foreignKeys = new WeakMap<AccessToken, string>()

export function keyOf(token: AccessToken): string {
  if (token.issuer === null) return token.sessionId
  const key = foreignKeys.get(token) ?? foreignKey(token.issuer, token.subject)
  foreignKeys.set(token, key)
  return key
}

const announcement = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (\d{1,10}) (\d{1,12})$/

/** Parses a notification of the trigger in 0004_revocations.ts. Anyone who can connect may send others. */
export function parseAnnouncement(payload: string): Revocation | undefined {
  const [, key, cutoff, expires] = announcement.exec(payload) ?? []
  return key === undefined ? undefined : { key, cutoff: Number(cutoff), expires: Number(expires) }
}
