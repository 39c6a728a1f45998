import type { Routes } from '../src/http/typebox.ts'

interface Options {
  securityContact: readonly string[]
  /** Milliseconds since 1970. */
  clock: () => number
}

/** Milliseconds that an answer is valid: less than a year (RFC 9116, section 2.5.5). */
const validity = 180 * 24 * 60 * 60 * 1000

/** Tells finders of a vulnerability whom to contact (RFC 9116). */
export const securityTextRoutes: Routes<Options> = async function securityTextRoutes(app, { securityContact, clock }) {
  app.get('/.well-known/security.txt', { schema: { hide: true } }, (_request, reply) => {
    const contacts = securityContact.map((uri) => `Contact: ${uri}`)
    const expires = new Date(clock() + validity).toISOString().replace(/T.*/, 'T00:00:00Z')
    reply.type('text/plain; charset=utf-8').send(`${[...contacts, `Expires: ${expires}`].join('\n')}\n`)
  })
}
