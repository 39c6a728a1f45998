import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import { problems } from '../src/http/problems.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether requests are refused now. */
    isOverloaded: () => boolean
  }
}

/** Milliseconds between two samples. */
const interval = 250
/** Milliseconds that the event loop may be late, and the share of memory that may be in use, before requests are refused. */
const limits = { late: 500, memory: 0.92 }

/** Paths that are answered under pressure too: they tell about it. */
const always = /^\/health/

/**
 * The share in use of the memory that this many processes have, of the container or the machine. It is the smaller of two
 * counts: the container's includes files that it drops by itself, and the processes' own, all taken to be as large as
 * this one, includes pages that they share.
 */
export function memoryInUse(processes: number): number {
  // Zero where nobody restricts it, or more than there is.
  const allowed = Math.min(...[process.constrainedMemory(), totalmem()].filter((bytes) => bytes > 0))
  return Math.min(allowed - process.availableMemory(), process.memoryUsage.rss() * processes) / allowed
}

interface Options {
  /** Processes that share this one's memory limit. */
  workers?: number
  /** Milliseconds that the event loop may be late before requests are refused; 0 for any. */
  maxEventLoopDelay?: number
  memory?: () => number
}

/** Answers 503 while the process cannot keep up, before anything is done for a request. */
export const pressure = fp(
  async function pressure(app, options: Options) {
    const { workers = 1, maxEventLoopDelay = limits.late, memory = () => memoryInUse(workers) } = options
    // Starting takes long enough to look like pressure: the samples count from the second one after it.
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
