import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import { problems } from '../src/http/problems.ts'

declare module 'fastify' {
  interface FastifyInstance {
    isOverloaded: () => boolean
  }

  interface FastifyContextConfig {
    /** Replaces the refusal of a route's requests under pressure. */
    pressureHandler?: () => void
  }
}

const interval = 250
// Milliseconds that the event loop may be late, and the share of memory in use, before requests are refused.
const limits = { late: 500, memory: 0.92 }

// They report the pressure.
const always = /^\/health/

/** The smaller of two: the container's count includes the file cache, and RSS times `processes` shared pages several times. */
export function memoryInUse(processes: number): number {
  // Zero, or more than the machine has, means no limit.
  const allowed = Math.min(...[process.constrainedMemory(), totalmem()].filter((bytes) => bytes > 0))
  return Math.min(allowed - process.availableMemory(), process.memoryUsage.rss() * processes) / allowed
}

interface Options {
  workers?: number
  maxEventLoopDelay?: number
  memory?: () => number
}

export const pressure = fp(
  async function pressure(app, options: Options) {
    const { workers = 1, maxEventLoopDelay = limits.late, memory = () => memoryInUse(workers) } = options
    // The start itself looks like pressure, so the first samples are ignored.
    let isStarted = false
    let timer: NodeJS.Timeout | undefined
    await app.register(underPressure, {
      sampleInterval: interval,
      maxEventLoopDelay,
      maxHeapUsedBytes: getHeapStatistics().heap_size_limit * limits.memory,
      healthCheck: async () => memory() <= limits.memory,
      healthCheckInterval: interval,
      pressureHandler({ url }, _reply, type) {
        if (isStarted && !always.test(url)) throw problems.unavailable(type)
      }
    })
    app.decorate('isOverloaded', () => isStarted && app.isUnderPressure())
    app.addHook('onListen', async () => {
      timer = setTimeout(() => {
        isStarted = true
      }, 2 * interval).unref()
    })
    app.addHook('onClose', async () => clearTimeout(timer))
  },
  { name: 'pressure' }
)
