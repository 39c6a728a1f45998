import type { Revocation, RevocationsRepository } from '../../repositories/revocations.ts'
import type { ForeignToken, OwnToken } from '../tokens/claims.ts'
import { foreignKey } from './revocation-keys.ts'
import { ALWAYS } from './revocation-table.ts'

/** Seconds that another issuer's token can live, and a day for clocks. */
export const foreignLife = 8 * 24 * 60 * 60

/** What ends all tokens of a session, for as long as this one lives. */
export const revocationOfSession = ({ sessionId, expiresAt }: OwnToken): Revocation => ({
  key: sessionId,
  cutoff: ALWAYS,
  expires: Math.ceil(expiresAt)
})

/** What ends all tokens of another issuer's user up to this one, or, with `others`, those before it. `clock`: milliseconds since 1970. */
export function revocationOfForeign(
  { issuer, subject, issuedAt }: ForeignToken,
  clock: number,
  others = false
): Revocation {
  const now = Math.floor(clock / 1000)
  const cutoff = others ? Math.ceil(issuedAt) - 1 : Math.max(now, Math.ceil(issuedAt))
  return { key: foreignKey(issuer, subject), cutoff, expires: now + foreignLife }
}

/** Reads on from a horizon, or everything; returns the next. */
export async function readOn(
  repository: Pick<RevocationsRepository, 'readAll' | 'readSince'>,
  before: string | undefined,
  take: (rows: Revocation[]) => void
): Promise<string> {
  if (before !== undefined) {
    const { horizon, rows } = await repository.readSince(before)
    take(rows)
    // One that went back is another cluster's: a restore, a failover.
    if (BigInt(horizon) >= BigInt(before)) return horizon
  }
  return repository.readAll(take)
}
