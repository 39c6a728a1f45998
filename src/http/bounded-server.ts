import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createServer } from './node-http.ts'

/** Milliseconds that output waits for a client that does not read it, and between two looks. */
const patience = 15_000
const between = 1_000
/** Bytes that the parser gets at once, and of many that have come in: it takes in all requests that they hold. */
const slice = { few: 1_024, many: 256 }

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Hands the request to the application. */
  start: () => void
}

interface Connection {
  /** The exchange that was started last. */
  current: Exchange | undefined
  /** Those that came in meanwhile, in order. */
  waiting: Exchange[]
  /** Bytes of output at the last look, the exchange that they belonged to, and the time since which they have not got fewer. */
  output: { bytes: number; of: Exchange | undefined; since: number }
}

/** How many connections were refused or cut, by reason. */
export interface Cuts {
  too_many: number
  not_reading: number
}

interface Bounds {
  maxConnections: number
  /** Called once a second at most, and only when there were any. */
  onCuts: (cuts: Cuts) => void
  /** Monotonic milliseconds. */
  clock?: () => number
}

const connections = new WeakMap<object, Connection>()

/** The response that a connection is busy with. */
export function responseInFlight(socket: object): ServerResponse | undefined {
  const response = connections.get(socket)?.current?.response
  return response?.closed ? undefined : response
}

/** Whether as much of a request's body waits in memory as should. */
const isBodyFull = ({ complete, readableLength, readableHighWaterMark }: IncomingMessage) =>
  !complete && readableLength >= readableHighWaterMark

/**
 * Hands the parser what has come in, until it holds a request that has to wait. Node alone parses and starts up to 64 KB
 * of pipelined requests at once. `read` gives the parser its bytes: the server listens to 'data'.
 */
function feed(socket: Socket, { current, waiting }: Connection): void {
  while (waiting.length === 0 && !socket.writableNeedDrain && !(current && isBodyFull(current.request))) {
    const length = socket.readableLength
    const most = length > 4 * slice.few ? slice.many : slice.few
    if (socket.read(length > most ? most : undefined) === null) return
  }
}

/**
 * An HTTP server in which clients that do not read their answers cannot fill the memory. A connection works on one
 * request at a time. Pipelined requests wait, and nothing more is read meanwhile. RFC 9112, section 9.3.2.
 */
export function createBoundedServer(
  options: ServerOptions,
  handler: RequestListener,
  { maxConnections, onCuts, clock = () => performance.now() }: Bounds
): Server {
  const open = new Set<Socket>()
  let cuts: Cuts = { too_many: 0, not_reading: 0 }

  function startNext(socket: Socket, connection: Connection): void {
    const next = connection.waiting.shift()
    if (next === undefined) feed(socket, connection)
    // Else the connection has ended, or an answer of the parser has ended it.
    if (next === undefined || !socket.writable) return
    connection.current = next
    // In a turn of the event loop of its own, so that connections take turns.
    next.response.once('close', () => setImmediate(startNext, socket, connection))
    next.start()
  }

  const server = createServer(options, (request, response) => {
    const { socket } = request
    const connection = connections.get(socket) as Connection
    const { current } = connection
    const start = () => handler(request, response)
    if (current === undefined || current.response.closed) {
      connection.current = { request, response, start }
      return start()
    }
    // With its own context, which traces need.
    const waits = connection.waiting.push({ request, response, start: AsyncResource.bind(start) })
    if (waits === 1) current.response.once('close', () => setImmediate(startNext, socket, connection))
  })

  server.on('connection', (socket: Socket) => {
    const connection: Connection = { current: undefined, waiting: [], output: { bytes: 0, of: undefined, since: 0 } }
    const read = () => feed(socket, connection)
    connections.set(socket, connection)
    open.add(socket)
    socket.on('readable', read)
    socket.on('drain', read)
    // Node resumes a socket when more of a body is wanted.
    socket.on('resume', read)
    socket.once('close', () => open.delete(socket))
  })

  function look(): void {
    const now = clock()
    for (const socket of open) {
      const { current, output } = connections.get(socket) as Connection
      const bytes = socket.writableLength
      const hasMoved = bytes === 0 || bytes < output.bytes || current !== output.of
      Object.assign(output, { bytes, of: current, since: hasMoved ? now : output.since })
      if (now - output.since < patience) continue
      cuts.not_reading += 1
      socket.destroy()
    }
    if (Object.values(cuts).some((count) => count > 0)) onCuts(cuts)
    cuts = { too_many: 0, not_reading: 0 }
  }

  let timer: NodeJS.Timeout | undefined
  server.on('listening', () => {
    timer = setInterval(look, between).unref()
  })
  server.on('close', () => clearInterval(timer))

  // Without the second, a worker that is full hands a connection to the next worker, which may be full as well.
  Object.assign(server, { maxConnections, dropMaxConnection: true })
  server.on('drop', () => {
    cuts.too_many += 1
    // Makes room for the next client.
    server.closeIdleConnections()
  })
  return server
}
