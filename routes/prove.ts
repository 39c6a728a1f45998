import type { Routes } from '../src/http/typebox.ts'

interface Options {
  proveHash: string
}

/** Allows `gatehouse prove` to test this deployment: shows the hash of its token, so that a reader of the file cannot. */
export const proveRoutes: Routes<Options> = async function proveRoutes(app, { proveHash }) {
  app.get('/.well-known/gatehouse-prove.txt', { schema: { hide: true } }, (_request, reply) => {
    reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(`gatehouse-prove sha256=${proveHash}\n`)
  })
}
