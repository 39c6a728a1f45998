import { setImmediate as afterPoll, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import fp from 'fastify-plugin'

/** Milliseconds: for idle connections to end with an answer, between two checks, and until connections are closed. */
const settling = 500
const between = 50
const longest = 8_000

declare module 'fastify' {
  interface FastifyInstance {
    isDraining: () => boolean
    /** Serves for some seconds more, in which a load balancer notices by `/health/ready`. Call `close` afterwards. */
    drain: (seconds: number) => Promise<void>
  }
}

/** Shuts down without failed requests: each connection ends with an answer that has `Connection: close`. */
export const draining = fp(
  async function draining(app) {
    const { server } = app
    const connections = promisify(server.getConnections.bind(server))
    let sweep: NodeJS.Timeout | undefined
    let cut: NodeJS.Timeout | undefined
    let begun = false

    // A listener added only now, because a hook would cost every request.
    function begin(): void {
      if (begun) return
      begun = true
      server.prependListener('request', (_request, response) => {
        response.shouldKeepAlive = false
      })
    }

    async function drain(seconds: number): Promise<void> {
      begin()
      await sleep(seconds * 1000)
      for (let waited = 0; waited < settling && (await connections()) > 0; waited += between) await sleep(between)
    }

    app.decorate('isDraining', () => begun)
    app.decorate('drain', drain)
    app.addHook('preClose', async () => {
      begin()
      // Connections that were busy when draining began.
      sweep = setInterval(() => server.closeIdleConnections(), between)
      cut = setTimeout(() => server.closeAllConnections(), longest)
      // Closes after the pending connections have been accepted, because closing would reset them.
      await afterPoll()
    })
    app.addHook('onClose', async () => {
      clearInterval(sweep)
      clearTimeout(cut)
    })
  },
  { name: 'draining' }
)
