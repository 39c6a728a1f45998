import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Figure } from './figures.ts'

/** The folder of the report, which git ignores. */
export const folder = fileURLToPath(new URL('../report/', import.meta.url))
const file = `${folder}figures.json`

export interface Recorded {
  machine: string
  database: string
  /** By name, each with its time and the load of the machine before. */
  benches: Record<string, { at: string; load: string; seconds: number; figures: Figure[] }>
}

export function recorded(): Recorded {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Recorded
  } catch {
    return { machine: '', database: '', benches: {} }
  }
}

/** Merges the results of a run into those of earlier runs. */
export function record(run: Recorded): Recorded {
  const all = { ...run, benches: { ...recorded().benches, ...run.benches } }
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`)
  return all
}
