import type { PersonalToken } from '../api/types.ts'
import { tokenScopes } from '../product.ts'

type Scope = PersonalToken['scopes'][number]

const words: Record<string, string> = {
  'tasks:read': 'Read tasks',
  'tasks:write': 'Add, change and delete tasks',
  'revocations:read': 'Read revocations'
}
/** A scope of a product or of a later release stays as it is. */
const inWords = (scope: string) => words[scope] ?? scope

/** The scopes that the page offers. */
export const offered = tokenScopes.map((scope) => [scope, inWords(scope)] as const)

export const scopesInWords = (scopes: readonly Scope[]): string => scopes.map(inWords).join(' · ')
