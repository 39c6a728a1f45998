import type { PersonalToken } from '../api/types.ts'

type Scope = PersonalToken['scopes'][number]

/** The scopes that the page offers. */
export const offered = { 'tasks:read': 'Read tasks', 'tasks:write': 'Add, change and delete tasks' } as const
const words: Record<Scope, string> = { ...offered, 'revocations:read': 'Read revocations' }

/** A scope of a later release stays as it is. */
export const scopesInWords = (scopes: readonly Scope[]): string =>
  scopes.map((scope) => words[scope] ?? scope).join(' · ')
