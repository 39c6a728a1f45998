import { setTimeout as sleep } from 'node:timers/promises'

interface Arrivals {
  /** Per second. */
  rate: number
  seconds: number
  /** Sends one request; `due` is when it had to be sent, by `performance.now()`. */
  send: (due: number) => Promise<void>
  /** Ends the step early. */
  isOver: (open: number) => boolean
  signal: AbortSignal
}

/**
 * An open loop: a request is sent when its time comes, whether or not earlier ones were answered, as independent clients
 * do. If this process is late, or the deployment stalls, latencies still count from `due`, so that no wait is omitted.
 */
export async function arrive({ rate, seconds, send, isOver, signal }: Arrivals) {
  const open = new Set<Promise<void>>()
  const begin = performance.now()
  const count = Math.max(1, Math.round(rate * seconds))
  let sent = 0
  let late = 0
  while (sent < count && !signal.aborted && !isOver(open.size)) {
    const due = begin + (sent * 1000) / rate
    const wait = due - performance.now()
    if (wait > 0) {
      await sleep(wait, undefined, { signal }).catch(() => {})
      continue
    }
    late = Math.max(late, -wait)
    sent += 1
    const one = send(due).finally(() => open.delete(one))
    open.add(one)
  }
  const elapsed = (performance.now() - begin) / 1000
  await Promise.all(open)
  return { planned: count, sent, seconds: elapsed, late }
}
