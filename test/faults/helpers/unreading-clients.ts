import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'

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
