import type { EventEmitter } from 'node:events'

/** Milliseconds of one count. */
const period = 1_000
/** Requests in a period from which on the process counts as busy. Health checks are fewer. */
const few = 5

/** Counts the requests of a server, only between `begin` and `end`: otherwise it costs nothing. */
export function createTraffic(elapsed: () => number) {
  let server: EventEmitter | undefined
  let isCounting = false
  let since = 0
  let seen = 0
  let before = 0

  const count = () => {
    seen += 1
  }

  return {
    watch(watched: EventEmitter): void {
      server = watched
    },

    begin(): void {
      if (isCounting) return
      isCounting = true
      since = elapsed()
      seen = 0
      before = 0
      server?.on('request', count)
    },

    /** Whether requests came in this period or in the one before. */
    isBusy(): boolean {
      const periods = (elapsed() - since) / period
      if (periods >= 1) {
        before = periods < 2 ? seen : 0
        seen = 0
        since = elapsed()
      }
      return seen >= few || before >= few
    },

    end(): void {
      isCounting = false
      server?.off('request', count)
    }
  }
}
