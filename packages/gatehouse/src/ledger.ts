import { type Area, areaOf, type Check, type CheckId, catalogue } from './catalogue.ts'

export type Outcome = 'passed' | 'finding' | 'accepted' | 'skipped'

export interface Result extends Check {
  id: CheckId
  area: Area
  outcome: Outcome
  /** Cases that were tried, and those of them that failed. */
  cases: number
  failed: number
  /** What was sent and what came back, for the first cases that failed. */
  evidence: string[]
  /** Why it was skipped, or what was left out. */
  notes: string[]
}

/** Pieces of evidence that a result keeps. */
const maxEvidence = 12
/** Different notes that a result keeps. */
const maxNotes = 50

/** A text of a stranger without control characters, which could write over lines of a terminal or reverse their order. */
export const printable = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')

/** Keeps what each check found. `secrets` never get into it. */
export function createLedger(accepted: ReadonlySet<string>, selected: (area: Area) => boolean) {
  const secrets = new Set<string>()
  const results = new Map<CheckId, Result>()

  const clean = (text: string) =>
    printable([...secrets].reduce((rest, secret) => rest.replaceAll(secret, `${secret.slice(0, 4)}…`), text)).slice(
      0,
      400
    )

  function result(id: CheckId): Result {
    const known = results.get(id)
    if (known) return known
    const made: Result = {
      id,
      area: areaOf(id),
      ...catalogue[id],
      outcome: 'passed',
      cases: 0,
      failed: 0,
      evidence: [],
      notes: []
    }
    results.set(id, made)
    return made
  }

  return {
    /** A value that is shortened wherever it occurs. */
    hide(secret: string | undefined): void {
      if (secret !== undefined && secret.length >= 8) secrets.add(secret)
    },
    /** Records a case. Returns whether it holds. */
    expect(id: CheckId, holds: boolean, evidence: () => string): boolean {
      const entry = result(id)
      entry.cases += 1
      if (!holds) {
        entry.failed += 1
        entry.outcome = accepted.has(id) ? 'accepted' : 'finding'
        if (entry.evidence.length < maxEvidence) entry.evidence.push(clean(evidence()))
      }
      return holds
    },
    note(id: CheckId, text: string): void {
      const { notes } = result(id)
      const note = clean(text)
      if (notes.includes(note)) return
      if (notes.length < maxNotes) notes.push(note)
      else notes[maxNotes] = 'and more'
    },
    /** All checks of the selected areas in the order of the catalogue. */
    results(): Result[] {
      return (Object.keys(catalogue) as CheckId[])
        .filter((id) => selected(areaOf(id)) || results.get(id)?.outcome === 'finding')
        .map(result)
        .map((entry) => (entry.cases === 0 ? { ...entry, outcome: 'skipped' as const } : entry))
    }
  }
}

export type Ledger = ReturnType<typeof createLedger>
