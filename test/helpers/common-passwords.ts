import { writeFileSync } from 'node:fs'
import { dictionary } from '@zxcvbn-ts/language-common'
import { fold } from '../../src/auth/passwords/common-passwords.ts'

export const file = new URL('../../src/auth/passwords/common-passwords.txt', import.meta.url)

/** Shorter ones occur in many good passwords. */
const shortest = 4

/** The content of the file: the list of zxcvbn-ts, the most common first. */
export function commonPasswords(): string {
  const folded = new Set(dictionary['passwords-common'].map(fold))
  return `\n${[...folded].filter(({ length }) => length >= shortest).join('\n')}\n`
}

if (import.meta.main) writeFileSync(file, commonPasswords())
