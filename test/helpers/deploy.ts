import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')
export const read = (file: string) => readFileSync(join(root, file), 'utf8')
export const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1] ?? Number.NaN)

/** Seconds that a process may take to end (src/process/serve.ts). */
export const end = 10
/** MiB per process (docs/operations.md, Sizing). */
export const share = 512

/** The settings of src/config/config.ts, and those of Node. */
export const known = new Set(
  [...read('src/config/config.ts').matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name)
)
