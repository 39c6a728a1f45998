/** A cutoff that covers every token. */
export const ALWAYS = 2 ** 32 - 1

/** Revocations in memory, grouped by expiry so that expired ones are dropped as a whole. Times are seconds since 1970. */
export function createRevocationTable(lifetime: number) {
  const width = Math.max(60, Math.ceil(lifetime / 3))
  const byExpiry = new Map<number, Map<number, number>>()
  // Random bits of the UUID: among a million keys (80 MB), one in 10^9 tokens is wrongly taken for revoked.
  const short = (key: string) => Number.parseInt(key.slice(22, 23) + key.slice(24), 16)

  return {
    add(key: string, cutoff: number, expiresAt: number): void {
      const end = (Math.floor(expiresAt / width) + 1) * width
      const cutoffs = byExpiry.get(end) ?? new Map<number, number>()
      byExpiry.set(end, cutoffs)
      cutoffs.set(short(key), Math.max(cutoffs.get(short(key)) ?? 0, cutoff))
    },

    /** Returns the time up to which tokens of this key are revoked; 0 if none are. */
    cutoff(key: string): number {
      const wanted = short(key)
      let latest = 0
      for (const cutoffs of byExpiry.values()) latest = Math.max(latest, cutoffs.get(wanted) ?? 0)
      return latest
    },

    dropExpired(now: number): void {
      for (const end of byExpiry.keys()) if (end <= now) byExpiry.delete(end)
    },

    get size(): number {
      return [...byExpiry.values()].reduce((sum, cutoffs) => sum + cutoffs.size, 0)
    }
  }
}

export type RevocationTable = ReturnType<typeof createRevocationTable>
