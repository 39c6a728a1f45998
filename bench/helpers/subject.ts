import type { Measured } from './measured.ts'
import type { Volley } from './volley.ts'

export type Shot = Pick<Volley, 'method' | 'path' | 'headers' | 'body' | 'tokens'>

/** What is measured, and what the yardstick beside it is told. */
export interface Subject {
  server: Measured
  shot: Shot
  status: number
  /** Called for each volley where every token is to be new. */
  newTokens?: (count: number) => string[]
  /** What the yardstick is asked, where it is something else. */
  yardstick?: Shot
  owner?: string
  /** One log line a request, which is looked for. */
  logs?: boolean
}

export const get = (path: string, tokens?: string[]): Shot => ({
  method: 'GET',
  path,
  headers: {},
  ...(tokens && { tokens })
})
