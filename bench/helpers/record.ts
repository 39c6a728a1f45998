import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Figure } from './figures.ts'

/** Where the report goes; git ignores it. */
export const folder = fileURLToPath(new URL('../report/', import.meta.url))
const file = `${folder}figures.json`

export interface Recorded {
  machine: string
  database: string
  /** By name, each with when it ran and what else the machine did: its load before. */
  benches: Record<string, { at: string; load: string; seconds: number; figures: Figure[] }>
}

/** What the runs before have left. */
export function recorded(): Recorded {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Recorded
  } catch {
    return { machine: '', database: '', benches: {} }
  }
}

/** Keeps what a run has found, beside what other benches found before it. */
export function record(run: Recorded): Recorded {
  const all = { ...run, benches: { ...recorded().benches, ...run.benches } }
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`)
  return all
}
