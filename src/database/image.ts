import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startEngine } from './embedded.ts'
import { makeTemplate } from './make-template.ts'
import { templatePath } from './template.ts'

/** A migrated database as one file, for engines in memory, with the template that it is made of: its path is of the same state. */
export const imagePath = `${templatePath()}.tar`

const read = (path: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/**
 * The image at a path. The first process makes it, and keeps it for the others if it may write there: without a template,
 * PGlite creates a database in five seconds of CPU.
 */
export async function readImage(path = imagePath): Promise<Uint8Array<ArrayBuffer>> {
  const kept = read(path)
  if (kept) return kept
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-image-'))
  try {
    const dataDir = join(folder, 'database')
    await makeTemplate(dataDir)
    const pglite = await startEngine({ dataDir })
    const dump = await pglite.dumpDataDir('none')
    await pglite.close()
    const image = new Uint8Array(await dump.arrayBuffer())
    keepImage(path, image)
    return image
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Writes an image for other processes, where that is possible: the packages may be read-only, or the disk full. */
export function keepImage(path: string, image: Uint8Array): void {
  const draft = `${path}-${process.pid}`
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(draft, image)
    renameSync(draft, path)
  } catch {
    if (existsSync(draft)) rmSync(draft)
  }
}
