import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = new URL('../../', import.meta.url)

export interface Import {
  /** A path from the root for our files, else the package's name. */
  target: string
  typeOnly: boolean
}

export interface Source {
  file: string
  text: string
  imports: Import[]
}

function importsOf(file: string, text: string): Import[] {
  const statements =
    /^(?:import|export)\s+(type\s)?(?:[^'"\n]*?|[^'"]*?\{[^'"]*?\}[^'"]*?)from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm
  return [...text.matchAll(statements)].map(([, type, from, effect, dynamic]) => {
    const specifier = from ?? effect ?? dynamic ?? ''
    const target = specifier.startsWith('.') ? join(dirname(file), specifier) : specifier
    return { target, typeOnly: type !== undefined }
  })
}

/** Every file of the project with its imports. */
export const sources: Source[] = globSync('{src,plugins,routes,schemas,migrations,packages,test}/**/*.ts', {
  cwd: root,
  exclude: ['**/node_modules', '**/template', '**/generated', '**/dist']
}).map((file) => {
  const text = readFileSync(new URL(file, root), 'utf8')
  return { file, text, imports: importsOf(file, text) }
})
export const product = sources.filter(({ file }) => !file.startsWith('test/'))
export const inFolder = (folder: string) => product.filter(({ file }) => file.startsWith(`${folder}/`))

export const ours = (target: string) => /^(src|plugins|routes|schemas|migrations|packages|test)\//.test(target)
