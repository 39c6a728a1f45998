import type { Revocation, RevocationsRepository } from '../../repositories/revocations.ts'
import type { ForeignToken, OwnToken } from '../tokens/claims.ts'
import { foreignKey } from './revocation-keys.ts'
import { ALWAYS } from './revocation-table.ts'

/** Seconds: the maximum lifetime of another issuer's token, plus a day for clock differences. */
export const foreignLife = 8 * 24 * 60 * 60

export const revocationOfSession = ({ sessionId, expiresAt }: OwnToken): Revocation => ({
  key: sessionId,
  cutoff: ALWAYS,
  expires: Math.ceil(expiresAt)
})

/** Revokes all tokens of another issuer's user up to this one or, with `others`, only those of earlier seconds. */
export function revocationOfForeign(
  { issuer, subject, issuedAt }: Pick<ForeignToken, 'issuer' | 'subject' | 'issuedAt'>,
  clock: number,
  others = false
): Revocation {
  const now = Math.floor(clock / 1000)
  const cutoff = others ? Math.floor(issuedAt) - 1 : Math.max(now, Math.floor(issuedAt))
  return { key: foreignKey(issuer, subject), cutoff, expires: now + foreignLife }
}

export async function readRevocations(
  repository: Pick<RevocationsRepository, 'readAll' | 'readSince'>,
  before: string | undefined,
  take: (rows: Revocation[]) => void
): Promise<string> {
  if (before !== undefined) {
    const { horizon, rows } = await repository.readSince(before)
    take(rows)
    // A lower horizon means another cluster, after a restore or a failover: read all again.
    if (BigInt(horizon) >= BigInt(before)) return horizon
  }
  return repository.readAll(take)
}
