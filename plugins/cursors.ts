import fp from 'fastify-plugin'
import type { Cursors } from '../src/http/cursors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Seals and opens the cursors of lists. */
    cursors: Cursors
  }
}

export const cursors = fp(
  async function cursors(app, options: { cursors: Cursors }) {
    app.decorate('cursors', options.cursors)
  },
  { name: 'cursors' }
)
