import { builtinModules } from 'node:module'
import { basename, resolve } from 'node:path'
import { Refusal } from './refusal.ts'

const reserved = [...builtinModules, 'node_modules', 'favicon.ico']

/** The name of the package in this folder: the folder's own, if npm takes it. */
export function packageName(folder: string): string {
  const name = basename(resolve(folder))
  const isValid = /^[a-z0-9][a-z0-9._-]*$/.test(name) && name.length <= 214 && !reserved.includes(name)
  if (!isValid)
    throw new Refusal(
      `The folder's name becomes the name of the package, and npm does not take ${JSON.stringify(name)}. Use lower-case letters, ` +
        'digits, hyphens, dots and underscores, and no name of a module of Node.js, for example my-app.'
    )
  return name
}
