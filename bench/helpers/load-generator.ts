import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { median } from './statistics.ts'

/** Each connection sends its next request after an answer. */
export interface Load {
  url: string
  method: string
  path: string
  headers: Record<string, string>
  body?: string
  /** Bearer tokens, used in turn; without them only `headers` are sent. */
  tokens?: string[]
  /** Paths or bodies, used in turn instead of the single one. */
  paths?: string[]
  bodies?: string[]
  connections: number
  /** Duration; without it, until each token was sent once. */
  seconds?: number
  /** Whether to end before that when each token was sent once. */
  once?: boolean
  /**
   * Whether to poll instead of sleeping while no answer comes. Waking a sleeping process costs the writer up to 25 µs
   * per answer on a virtual machine, which a slower server would be charged for too. Polling occupies a core.
   */
  busyPoll?: boolean
}

export interface LoadResult {
  requests: number
  seconds: number
  /** Number of answers by status. */
  statuses: Record<string, number>
  /** Bytes of the last answer, with its head. */
  bytes: number
  /** Median of the response time in milliseconds. */
  p50: number
}

const END = Buffer.from('\r\n\r\n')
const LENGTH = /\r\ncontent-length: (\d+)\r\n/i

function requestsOf({ url, method, path, headers, body = '', tokens = [], paths = [path], bodies = [body] }: Load) {
  const count = Math.max(1, tokens.length, paths.length, bodies.length)
  return Array.from({ length: count }, (_, i) => {
    const [token, payload] = [tokens[i % tokens.length], bodies[i % bodies.length] ?? '']
    const fields = {
      host: new URL(url).host,
      ...headers,
      ...(token && { authorization: `Bearer ${token}` }),
      ...(payload && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) })
    }
    const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
    return Buffer.from(`${method} ${paths[i % paths.length]} HTTP/1.1\r\n${head.join('')}\r\n${payload}`)
  })
}

/** Returns the length of the answer at the start of these bytes, or undefined if it is incomplete. */
function answerLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf(END)
  if (end < 0) return undefined
  const length = end + END.length + Number(LENGTH.exec(bytes.toString('latin1', 0, end + 2))?.[1] ?? 0)
  return bytes.length >= length ? length : undefined
}

/**
 * Uses plain sockets: autocannon takes 25 to 35 µs of CPU per request, more than the measured servers, which would then
 * not be at full load.
 */
async function run(load: Load): Promise<LoadResult> {
  const requests = requestsOf(load)
  const result: LoadResult = { requests: 0, seconds: 0, statuses: {}, bytes: 0, p50: 0 }
  const times: number[] = []
  const begin = performance.now()
  const end = load.seconds ? begin + load.seconds * 1000 : Number.POSITIVE_INFINITY
  const most = load.seconds && !load.once ? Number.POSITIVE_INFINITY : requests.length
  let next = 0

  function client(socket: Socket, done: (error?: Error) => void): void {
    let received: Buffer | undefined
    let sent = 0
    const send = () => {
      if (next >= most || performance.now() >= end) return socket.end()
      sent = performance.now()
      socket.write(requests[next++ % requests.length] ?? '')
    }
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      received = received ? Buffer.concat([received, chunk]) : chunk
      const length = answerLength(received)
      if (length === undefined) return
      const status = received.toString('latin1', 9, 12)
      result.statuses[status] = (result.statuses[status] ?? 0) + 1
      times.push(performance.now() - sent)
      result.requests += 1
      result.bytes = length
      received = undefined
      send()
    })
    socket.on('error', done)
    socket.on('close', () => done())
  }

  const { hostname, port } = new URL(load.url)
  const clients = Array.from(
    { length: load.connections },
    () =>
      new Promise<void>((resolve, reject) =>
        client(connect(Number(port), hostname), (error) => (error ? reject(error) : resolve()))
      )
  )
  let polling = load.busyPoll ?? false
  const keepPolling = () => void (polling && setImmediate(keepPolling))
  keepPolling()
  await Promise.all(clients)
  polling = false
  result.p50 = median(times)
  result.seconds = (performance.now() - begin) / 1000
  return result
}

/** Starts a separate process that generates one load after the other. */
export function startLoadGenerator() {
  const child = spawn(process.execPath, [import.meta.filename], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced'
  })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  child.on('exit', (code) => {
    process.off('exit', kill)
    if (code) child.emit('error', new Error('The load generator ended'))
  })
  return {
    async run(load: Load): Promise<LoadResult> {
      const answer = once(child, 'message')
      child.send(load)
      return (await answer)[0] as LoadResult
    },
    pid: child.pid as number,
    stop: kill
  }
}

export type LoadGenerator = ReturnType<typeof startLoadGenerator>

if (import.meta.main) {
  process.on('message', async (load: Load) => process.send?.(await run(load)))
}
