import { registerHooks } from 'node:module'

const marker = '?with='
const scheme = 'replaced:'

/** What replaces each package, by the number of the import. */
const replacements: Record<string, object>[] = []

export const replacementOf = (number: number, specifier: string) => replacements[number]?.[specifier] ?? {}

registerHooks({
  resolve(specifier, context, next) {
    const [, number] = (context.parentURL ?? '').split(marker)
    if (number === undefined) return next(specifier, context)
    if (specifier in (replacements[Number(number)] ?? {}))
      return { url: `${scheme}${specifier}${marker}${number}`, shortCircuit: true }
    const found = next(specifier, context)
    return specifier.startsWith('.') ? { ...found, url: `${found.url}${marker}${number}` } : found
  },
  load(url, context, next) {
    if (!url.startsWith(scheme)) return next(url, context)
    const [specifier = '', number] = url.slice(scheme.length).split(marker)
    const names = Object.keys(replacementOf(Number(number), specifier)).filter((name) => /^(?!default$)\w+$/.test(name))
    const source = `
      import { replacementOf } from ${JSON.stringify(import.meta.url)}
      const all = replacementOf(${number}, ${JSON.stringify(specifier)})
      export const { ${names.join(', ')} } = all
      export default all`
    return { format: 'module', source, shortCircuit: true }
  }
})

/**
 * Imports a module anew, with all that it imports by a relative path, but with other exports of some packages. tap's plugin for this
 * looks at every import of every test, and is preloaded before `error-domain.ts`.
 */
export function importWith<Module>(url: URL, packages: Record<string, object>): Promise<Module> {
  const number = replacements.push(packages) - 1
  return import(`${url}${marker}${number}`)
}
