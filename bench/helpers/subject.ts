import type { Volley } from './load-generator.ts'
import type { Measured } from './measured.ts'

export type Shot = Pick<Volley, 'method' | 'path' | 'headers' | 'body' | 'tokens'>

/** What is measured, and what its yardstick answers. */
export interface Subject {
  server: Measured
  shot: Shot
  status: number
  /** Called for each volley if every token must be new. */
  newTokens?: (count: number) => string[]
  /** The yardstick's request, if it differs. */
  yardstick?: Shot
  owner?: string
  /** Whether to check for one log line per request. */
  logs?: boolean
}

export const get = (path: string, tokens?: string[]): Shot => ({
  method: 'GET',
  path,
  headers: {},
  ...(tokens && { tokens })
})
