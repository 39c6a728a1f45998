import { setImmediate as afterPoll, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import fp from 'fastify-plugin'

/** Milliseconds: that kept connections get to end with an answer, between looks, and until they are cut. */
const settling = 500
const between = 50
const longest = 8_000

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the end has begun: nobody new should be sent here. */
    isDraining: () => boolean
    /**
     * Serves on for so many seconds, in which a load balancer learns from `/health/ready` to send nothing more, and asks
     * clients to close their connections. Call `close` then.
     */
    drain: (seconds: number) => Promise<void>
  }
}

/** An end that no request notices: each connection ends with an answer that says so, not between two requests. */
export const draining = fp(
  async function draining(app) {
    const { server } = app
    const connections = promisify(server.getConnections.bind(server))
    let sweep: NodeJS.Timeout | undefined
    let cut: NodeJS.Timeout | undefined
    let begun = false

    // A listener that is only there at the end, not a hook that every request would pay for.
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
      // Those that were busy when it began, and kept.
      sweep = setInterval(() => server.closeIdleConnections(), between)
      cut = setTimeout(() => server.closeAllConnections(), longest)
      // Just after who has come was let in: who is at the door when it closes is turned away.
      await afterPoll()
    })
    app.addHook('onClose', async () => {
      clearInterval(sweep)
      clearTimeout(cut)
    })
  },
  { name: 'draining' }
)
