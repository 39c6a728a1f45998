import type { Answer } from '../../../bench/helpers/http.ts'

/** Records the answers that clients received, to compare them with the database at the end. */
export function createLedger() {
  const acknowledged = new Set<string>()
  const statuses = new Map<number, number>()
  const complaints = new Set<string>()
  const counts = { requests: 0, refused: 0, cut: 0, otherErrors: 0 }
  const times: number[] = []
  const refusals: number[] = []
  const cuts = new Set<string>()

  return {
    acknowledged,
    complaints,
    counts,
    statuses,
    /** Milliseconds of successful answers. */
    times,
    /** Milliseconds of refusals. */
    refusals,
    /** Errors of connections that ended. */
    cuts,
    /**
     * Records an answer. Returns true if it has the wanted status. Everything except that, 429 and 503 is a complaint.
     */
    book(what: string, { status, headers, text, ms }: Answer, wanted: number): boolean {
      counts.requests += 1
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === wanted) {
        times.push(ms)
        return true
      }
      if (status === 503) {
        counts.refused += 1
        refusals.push(ms)
        if (!(Number(headers['retry-after']) > 0)) complaints.add(`${what}: 503 without Retry-After`)
        return false
      }
      if (status >= 500) counts.otherErrors += 1
      complaints.add(`${what}: ${status} ${text.slice(0, 200)}`)
      return false
    },
    /** Records a connection that ended before its answer. */
    bookCut(error: unknown): void {
      counts.requests += 1
      counts.cut += 1
      cuts.add((error as Error).message)
    },
    /** Compares the titles in the database with the acknowledged ones. */
    compare(titles: readonly string[]): { lost: number; doubled: number } {
      const found = new Set(titles)
      const lost = [...acknowledged].filter((title) => !found.has(title)).length
      return { lost, doubled: titles.length - found.size }
    }
  }
}

export type Ledger = ReturnType<typeof createLedger>
