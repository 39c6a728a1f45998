import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

/** Milliseconds between two looks. */
const interval = 250
/** Milliseconds that timers may be late, and shares of memory that may be in use, before requests are refused. */
const limits = { late: 500, heap: 0.92, memory: 0.92 }

export type Pressure = 'event loop' | 'heap' | 'memory'

/** Shares in use: of the heap that V8 may take, and of what the container or the machine lets its processes have. */
export interface Memory {
  heap: number
  memory: number
}

/**
 * The memory of this process, one of so many that share the container's. It is full when two ways of counting agree:
 * what the container has left leaves out that files which were read go by themselves, and what the processes hold, all
 * taken to be as large as this one, counts the pages that they share once for each.
 */
export function memoryOf(processes: number): Memory {
  // Zero where nobody restricts it, or more than there is.
  const allowed = Math.min(...[process.constrainedMemory(), totalmem()].filter((bytes) => bytes > 0))
  const { used_heap_size, heap_size_limit } = getHeapStatistics()
  return {
    heap: used_heap_size / heap_size_limit,
    memory: Math.min(allowed - process.availableMemory(), process.memoryUsage.rss() * processes) / allowed
  }
}

/**
 * Watches whether the process can do what it takes on. What counts must hold twice in a row: one long pause (a big
 * collection of garbage, a stopped machine) is over when it is noticed. `elapsed` gives monotonic milliseconds.
 */
export function watchPressure(memory: () => Memory, elapsed = () => performance.now()) {
  const state = { reason: undefined as Pressure | undefined }
  let last: Pressure | undefined
  let lookedAt = elapsed()
  let timer: NodeJS.Timeout | undefined

  function look(): Pressure | undefined {
    const late = elapsed() - lookedAt - interval
    lookedAt = elapsed()
    if (late > limits.late) return 'event loop'
    const { heap, memory: all } = memory()
    return heap > limits.heap ? 'heap' : all > limits.memory ? 'memory' : undefined
  }

  return {
    /** From when it is ready on: to load the program takes long enough to look like pressure. */
    start(): void {
      lookedAt = elapsed()
      timer = setInterval(() => {
        const found = look()
        state.reason = found && last && found
        last = found
      }, interval).unref()
    },
    /** Changes with time; reading it is all that a request pays. */
    state: state as { readonly reason: Pressure | undefined },
    stop: () => clearInterval(timer)
  }
}
