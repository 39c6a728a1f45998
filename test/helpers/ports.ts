import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Test } from 'tap'
import { serve } from './process.ts'

const tries = 20

/** Below the ephemeral ports, so that nothing takes it by chance. */
const anyPort = () => 20_000 + Math.floor(Math.random() * 12_000)

/** Keeps other processes of tests from choosing this port, until this process ends. False if one of them has chosen it. */
async function reserve(port: number): Promise<boolean> {
  // Only Linux has such names, which end with the process, however it ends.
  if (process.platform !== 'linux') return true
  const name = createServer().listen({ path: `\0gatehouse-port-${port}` })
  const isMine = await once(name, 'listening').then(
    () => true,
    () => false
  )
  name.unref()
  return isMine
}

/** A port that a server can use, release and use again. No other process of tests uses it meanwhile. */
export async function unusedPort(): Promise<number> {
  for (let tried = 0; tried < tries; tried++) {
    const port = anyPort()
    if (!(await reserve(port))) continue
    const server = createServer().listen(port, '127.0.0.1')
    const free = await once(server, 'listening').then(
      () => true,
      () => false
    )
    if (!free) continue
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error(`${tries} ports tried, and none was free`)
}

/** Starts the service at this port, which a previous process may still hold. */
export async function serveAt(t: Test, port: number, settings: Record<string, string>, file?: string) {
  for (let tried = 0; ; tried++)
    try {
      return await serve(t, { PORT: String(port), ...settings }, file)
    } catch (error) {
      if (tried === tries || !String(error).includes('EADDRINUSE')) throw error
    }
}
