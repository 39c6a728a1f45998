import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import { problems } from '../src/http/problems.ts'

declare module 'fastify' {
  interface FastifyInstance {
    isOverloaded: () => boolean
  }
}

/** Milliseconds between two samples. */
const interval = 250
/** Milliseconds that the event loop may be late, and the share of memory that may be in use, before requests are refused. */
const limits = { late: 500, memory: 0.92 }

/** These paths are answered under pressure too, because they report it. */
const always = /^\/health/

/**
 * Returns the share of memory in use, of the container or the machine. It is the smaller of two counts. The container's
 * count includes the file cache, which the kernel drops when needed. The processes' own count, this one's RSS times
 * `processes`, includes shared pages several times.
 */
export function memoryInUse(processes: number): number {
  // Zero, or more than the machine has, means no limit.
  const allowed = Math.min(...[process.constrainedMemory(), totalmem()].filter((bytes) => bytes > 0))
  return Math.min(allowed - process.availableMemory(), process.memoryUsage.rss() * processes) / allowed
}

interface Options {
  /** Processes that share the memory limit. */
  workers?: number
  /** Milliseconds that the event loop may be late before requests are refused; 0 for any. */
  maxEventLoopDelay?: number
  memory?: () => number
}

/** Answers 503 while the process is overloaded, before any work is done. */
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
