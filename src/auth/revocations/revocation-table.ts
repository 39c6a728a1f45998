/** As a cutoff: whenever the token was issued. */
export const ALWAYS = 2 ** 32 - 1

/**
 * The revocations that still matter, in maps by the time they cease to, so that what has expired is dropped whole: some 80 MB
 * for a million. Of a UUID it keeps the last 52 bits, which are random: a token that is not revoked is taken for one
 * with a chance of one in 10^9 among a million. Times are seconds since 1970; `lifetime` is the longest that a
 * revocation is kept, in seconds.
 */
export function createRevocationTable(lifetime: number) {
  const width = Math.max(60, Math.ceil(lifetime / 3))
  /** Cutoffs by key, by the end of the time in which they expire. */
  const byExpiry = new Map<number, Map<number, number>>()
  const short = (key: string) => Number.parseInt(key.slice(22, 23) + key.slice(24), 16)

  return {
    /** Refuses tokens of this key that were issued up to `cutoff`, until `expiresAt`. */
    add(key: string, cutoff: number, expiresAt: number): void {
      const end = (Math.floor(expiresAt / width) + 1) * width
      const cutoffs = byExpiry.get(end) ?? new Map<number, number>()
      byExpiry.set(end, cutoffs)
      cutoffs.set(short(key), Math.max(cutoffs.get(short(key)) ?? 0, cutoff))
    },

    /** Tokens of this key issued up to then are refused; 0 where none are. */
    cutoff(key: string): number {
      const wanted = short(key)
      let latest = 0
      for (const cutoffs of byExpiry.values()) latest = Math.max(latest, cutoffs.get(wanted) ?? 0)
      return latest
    },

    /** Lets go of what has expired. */
    forget(now: number): void {
      for (const end of byExpiry.keys()) if (end <= now) byExpiry.delete(end)
    },

    get size(): number {
      return [...byExpiry.values()].reduce((sum, cutoffs) => sum + cutoffs.size, 0)
    }
  }
}

export type RevocationTable = ReturnType<typeof createRevocationTable>
