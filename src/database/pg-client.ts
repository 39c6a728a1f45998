import pg from 'pg'

type Send = (...sent: unknown[]) => unknown

/**
 * pg's client, which promises results of queries by means of a callback. The promise that pg itself creates keeps each
 * query and its result in memory until the next major collection: 3.7 KB per query (docs/performance.md). Kysely passes
 * a text and its values.
 */
export class Client extends pg.Client {
  override query(...sent: unknown[]): never {
    const send: Send = (...sent) => super.query(...(sent as [string]))
    const isPromised = typeof sent[0] === 'string' && !sent.some((part) => typeof part === 'function')
    if (!isPromised) return send(...sent) as never
    return new Promise((resolve, reject) => {
      send(...sent, (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result)))
    }) as never
  }
}
