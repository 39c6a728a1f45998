import pg from 'pg'

type Send = (...sent: unknown[]) => unknown

/**
 * pg's client with a promise of ours for a text and its values, as Kysely sends them. Through pg's own, each query, its answer and the
 * bytes that this came in outlive the scavenges and stay until the next major collection: 3.7 KB a query (docs/performance.md).
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
