import fp from 'fastify-plugin'
import { problems } from '../src/http/problems.ts'
import { type Memory, memoryOf, type Pressure, watchPressure } from '../src/process/pressure.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Why requests are refused just now, if they are. */
    pressure: () => Pressure | undefined
  }
}

/** What tells how this process is, under whatever pressure. */
const always = /^\/health/

interface Options {
  /** Processes that share this one's memory limit. */
  processes?: number
  memory?: () => Memory
}

/**
 * Refuses requests while the process cannot keep up: 503 before anything is done for them, which costs little enough
 * to recover meanwhile. Not @fastify/under-pressure: it builds an object and makes several comparisons for each
 * request, refuses after a single pause, and says 10 seconds.
 */
export const pressure = fp(
  async function pressure(app, { processes = 1, memory = () => memoryOf(processes) }: Options) {
    const { state, start, stop } = watchPressure(memory)
    app.decorate('pressure', () => state.reason)
    app.addHook('onRequest', (request, _reply, done) => {
      if (state.reason !== undefined && !always.test(request.url)) throw problems.unavailable(state.reason)
      done()
    })
    app.addHook('onListen', async () => start())
    app.addHook('onClose', async () => stop())
  },
  { name: 'pressure' }
)
