/** The part of autocannon that is used here; the package has no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  interface Options {
    url: string
    connections: number
    duration: number
    requests: { method: string; path: string; headers: Record<string, string>; body?: string }[]
  }

  interface Result {
    errors: number
  }

  export default function autocannon(options: Options): EventEmitter & PromiseLike<Result>
}
