import { randomBytes } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
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

/** Delays signals until the work, which is synchronous, has ended: it is done completely, or undone. */
function uninterrupted<T>(work: () => T): T {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const delay = () => {}
  for (const signal of signals) process.on(signal, delay)
  try {
    return work()
  } finally {
    for (const signal of signals) process.off(signal, delay)
  }
}

/** The folders above a path that do not exist, the deepest first. */
function missingAbove(path: string): string[] {
  const above = dirname(path)
  return existsSync(above) ? [] : [above, ...missingAbove(above)]
}

/** Moves what is in a folder into another one. Never replaces what is there, and undoes what it has moved if it fails. */
function moveInto(from: string, to: string): void {
  const moved: string[] = []
  try {
    for (const name of readdirSync(from)) {
      const path = join(to, name)
      if (lstatSync(path, { throwIfNoEntry: false })) throw new Refusal(`${path} exists. Choose another name.`)
      renameSync(join(from, name), path)
      moved.push(path)
    }
  } catch (error) {
    for (const path of moved) rmSync(path, { recursive: true })
    throw error
  }
}

/**
 * Writes the project, and returns its paths. A file that exists is never replaced. The files are written into a folder beside, which
 * becomes the project when it is complete: if it fails, or the process is killed, there is no half of a project.
 */
export function create({ folder, ...project }: Project): string[] {
  checkFolder(folder)
  const files = filesOf(project)
  const isThere = existsSync(folder)
  const above = missingAbove(folder)
  let beside: string | undefined
  return uninterrupted(() => {
    try {
      mkdirSync(dirname(folder), { recursive: true })
      // On the same file system, also if the folder is a volume.
      beside = mkdtempSync(join(isThere ? folder : dirname(folder), '.create-gatehouse-'))
      const complete = join(beside, 'project')
      for (const [path, text] of files) {
        const file = join(complete, path)
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, text, { flag: 'wx', mode: path === '.env' ? 0o600 : 0o666 })
      }
      if (isThere) moveInto(complete, folder)
      else renameSync(complete, folder)
    } catch (error) {
      if (beside !== undefined) rmSync(beside, { recursive: true, force: true })
      for (const path of above) if (existsSync(path)) rmdirSync(path)
      throw error
    }
    rmSync(beside, { recursive: true })
    return [...files.keys()]
  })
}
