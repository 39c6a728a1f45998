import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { Gatehouse } from './gatehouse.ts'

/** Milliseconds between two measurements. */
const interval = 50

/** Bytes of memory that a process holds. */
function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

/** Measures how far the resident memory of a process grows. */
export function watchMemory(pid: number) {
  const before = residentBytes(pid)
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(pid))
  }, interval)
  return {
    /** Megabytes: at the start, and the largest growth. */
    stop() {
      clearInterval(timer)
      const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024)
      return { before: megabytes(before), growth: megabytes(most - before) }
    }
  }
}

/** Milliseconds. */
const use = 10_000

/**
 * Sends GET requests as many clients that read their answers do. Under any load the young generation of the heap grows to
 * its maximum of some 130 MB, which is not to be attributed to a fault.
 */
export async function useWithReading(
  { call }: Pick<Gatehouse, 'call'>,
  clients: number,
  requestsOf: (client: number) => [path: string, token: string | undefined][]
): Promise<void> {
  const end = performance.now() + use
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() < end) for (const [path, token] of requestsOf(client)) await call('GET', path, { token })
    })
  )
}

/** Opens connections that write requests and never read an answer. Replaces those that the server closes. */
export function startUnreadingClients(port: number, count: number, requests: string) {
  const open = new Set<Socket>()
  let stopping = false
  let cuts = 0

  function start(): void {
    const socket = connect(port, '127.0.0.1', () => socket.pause().write(requests))
    open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      open.delete(socket)
      if (stopping) return
      cuts += 1
      setTimeout(start, 100)
    })
  }

  for (let i = 0; i < count; i++) start()
  return {
    /** Returns how many connections the server closed. */
    stop(): number {
      stopping = true
      for (const socket of open) socket.destroy()
      return cuts
    }
  }
}
