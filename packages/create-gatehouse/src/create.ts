import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { manifestOf } from './manifest.ts'
import type { Web } from './options.ts'
import { Refusal } from './refusal.ts'

const templates = fileURLToPath(new URL('../template/', import.meta.url))

/** What each project consists of: folders of `template`. */
const parts: Record<Web, string[]> = {
  none: ['base'],
  vite: ['base', 'react', 'vite'],
  next: ['base', 'react', 'next']
}

/** The name of the project in the templates. */
const placeholder = /\bmy-app\b/g

/** npm does not pack files of these names. */
const published: Record<string, string> = { _gitignore: '.gitignore' }

/** Refuses what is there, except an empty folder. One with a new git repository is empty. */
function checkFolder(folder: string): void {
  if (!lstatSync(folder, { throwIfNoEntry: false })) return
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Refusal(`${folder} exists, and is not a folder. Choose another name.`)
  const files = readdirSync(folder).filter((name) => name !== '.git')
  if (files.length > 0)
    throw new Refusal(`${folder} is not empty: it has ${files.slice(0, 3).join(', ')}. Choose another name.`)
}

interface Project {
  folder: string
  name: string
  web: Web
  /** Of the packages of Gatehouse. */
  version: string
  /** Whether the project brings a Node.js that runs TypeScript. */
  bringsNode: boolean
}

/** Every file of the project, by its path. */
export function filesOf({ name, web, version, bringsNode }: Omit<Project, 'folder'>): Map<string, string> {
  const files = new Map<string, string>()
  const manifests: string[] = []
  for (const part of parts[web]) {
    const from = join(templates, part)
    for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const folder = entry.parentPath.slice(from.length + 1)
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8').replace(placeholder, () => name)
      const path = join(folder, published[entry.name] ?? entry.name)
      if (path === 'package.json') manifests.push(text)
      else files.set(path, entry.name === 'package.json' ? manifestOf([text], { version }) : text)
    }
  }
  files.set('package.json', manifestOf(manifests, { version, bringsNode }))
  // npm warns of each package that wants a newer Node.js than npm itself runs on.
  if (bringsNode) files.set('.npmrc', 'loglevel=error\n')
  files.set('.env', `BETTER_AUTH_SECRET=${randomBytes(32).toString('base64url')}\n${files.get('.env.example')}`)
  return files
}

/** Writes the project, and returns its paths. A file that exists is never replaced. If it fails, nothing of it remains. */
export function create({ folder, ...project }: Project): string[] {
  checkFolder(folder)
  const files = filesOf(project)
  const created: string[] = []
  try {
    for (const [path, text] of files) {
      const file = join(folder, path)
      const first = mkdirSync(dirname(file), { recursive: true })
      if (first) created.push(first)
      writeFileSync(file, text, { flag: 'wx', mode: path === '.env' ? 0o600 : 0o666 })
      created.push(file)
    }
  } catch (error) {
    for (const path of created) rmSync(path, { recursive: true, force: true })
    throw error
  }
  return [...files.keys()]
}
