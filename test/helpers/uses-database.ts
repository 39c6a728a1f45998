import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const template = join(import.meta.dirname, 'template.ts')
const relativeImport = /(?:from|import)[\s(]*'(\.[^']+)'/g

/** Whether a file, or what it imports, uses the database of the tests (template.ts). */
export function usesDatabase(path: string): boolean {
  // A set is also iterated over what is added meanwhile.
  const reached = new Set([path])
  for (const file of reached) {
    if (file === template) return true
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(relativeImport)) {
      const imported = join(dirname(file), name)
      if (existsSync(imported)) reached.add(imported)
    }
  }
  return false
}
