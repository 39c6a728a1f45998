import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createServer } from './node-http.ts'

/** Milliseconds that output waits for a client that does not read it, and between two looks. */
const patience = 15_000
const between = 1_000
/**
 * Milliseconds that pipelined requests take at once, and how many times as long they rest: those of other clients come first. Few clients
 * pipeline, and none needs to.
 */
const batch = 2
const rests = 4
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
  /** Those that the parser has made meanwhile, in order. */
  waiting: Exchange[]
  /** Whether it goes on by itself, in a turn of its own, after the answer in flight. */
  isDue: boolean
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
  onCuts?: (cuts: Cuts) => void
  /** Monotonic milliseconds. */
  clock?: () => number
}

const connections = new WeakMap<object, Connection>()

/** The response that a connection is busy with. */
export function responseInFlight(socket: object): ServerResponse | undefined {
  const response = connections.get(socket)?.current?.response
  return response?.closed ? undefined : response
}

/** Whether there is more of a request's body, and less of it waits in memory than should. */
const isBodyWanted = ({ complete, readableLength, readableHighWaterMark }: IncomingMessage) =>
  !complete && readableLength < readableHighWaterMark

const isBusy = ({ current }: Connection) => current !== undefined && !current.response.closed

/**
 * Hands the parser what has come in, until it holds a request. Node alone parses and starts up to 64 KB of pipelined
 * requests at once. `read` gives the parser its bytes: the server listens to 'data'. Without any it tells of the end.
 */
function feed(socket: Socket, connection: Connection): void {
  const { waiting } = connection
  const wantsMore = () =>
    !isBusy(connection) || socket.readableLength === 0 || isBodyWanted((connection.current as Exchange).request)
  while (waiting.length === 0 && !socket.writableNeedDrain && wantsMore()) {
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
  /** Connections whose answer has gone out, and which may start their next request. */
  const due: (() => void)[] = []
  let isResting = false

  function startDue(): void {
    const begin = clock()
    for (let next = due.shift(); next; next = clock() - begin < batch ? due.shift() : undefined) next()
    isResting = true
    setTimeout(wake, rests * (clock() - begin))
  }

  function wake(): void {
    isResting = false
    if (due.length > 0) startDue()
  }

  /** Goes on after the answer in flight, if more has come in meanwhile. */
  function goOnLater(socket: Socket, connection: Connection): void {
    const { current, waiting, isDue } = connection
    if (isDue || !isBusy(connection) || waiting.length + socket.readableLength === 0) return
    connection.isDue = true
    current?.response.once('close', () => {
      due.push(() => startNext(socket, connection))
      if (due.length === 1 && !isResting) setImmediate(startDue)
    })
  }

  function startNext(socket: Socket, connection: Connection): void {
    connection.isDue = false
    const next = connection.waiting.shift()
    if (next === undefined) feed(socket, connection)
    // Else the connection has ended, or an answer of the parser has ended it.
    else if (socket.writable) {
      connection.current = next
      next.start()
    }
    goOnLater(socket, connection)
  }

  const server = createServer(options, (request, response) => {
    const connection = connections.get(request.socket) as Connection
    const start = () => handler(request, response)
    if (isBusy(connection)) {
      // With its own context, which traces need.
      connection.waiting.push({ request, response, start: AsyncResource.bind(start) })
    } else {
      connection.current = { request, response, start }
      start()
    }
  })

  server.on('connection', (socket: Socket) => {
    const output = { bytes: 0, of: undefined, since: 0 }
    const connection: Connection = { current: undefined, waiting: [], isDue: false, output }
    function read(): void {
      if (connection.isDue && !isBusy(connection)) return
      feed(socket, connection)
      goOnLater(socket, connection)
    }
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
    if (Object.values(cuts).some((count) => count > 0)) onCuts?.(cuts)
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
