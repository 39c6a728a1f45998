import type { Load } from './load-generator.ts'
import type { Measured } from './measured.ts'

export type LoadRequest = Pick<Load, 'method' | 'path' | 'headers' | 'body' | 'tokens'>

/** What is measured, and what its yardstick answers. */
export interface Subject {
  server: Measured
  request: LoadRequest
  status: number
  /** Called for each load if every token must be new. */
  newTokens?: (count: number) => string[]
  /** The yardstick's request, if it differs. */
  yardstick?: LoadRequest
  owner?: string
  /** Whether to check for one log line per request. */
  logs?: boolean
}

export const get = (path: string, tokens?: string[]): LoadRequest => ({
  method: 'GET',
  path,
  headers: {},
  ...(tokens && { tokens })
})
