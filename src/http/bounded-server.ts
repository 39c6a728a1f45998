import { AsyncResource } from 'node:async_hooks'
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { createServer } from './node-http.ts'

const unreadTimeout = 15_000
const checkInterval = 1_000
// Pipelined requests run for 2 ms and then rest four times as long as they ran, so that other clients take precedence.
const batchTime = 2
const restFactor = 4
// Bytes passed to the parser at once, if few or many have arrived: it handles all requests that they contain.
const slice = { few: 1_024, many: 256 }

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  start: () => void
}

interface Connection {
  // The exchange in progress or the last one.
  current: Exchange | undefined
  waiting: Exchange[]
  // Whether it will continue in a later turn, after the answer in flight.
  isDue: boolean
  // Unread bytes at the last check, and since when they have not decreased.
  output: { bytes: number; of: Exchange | undefined; since: number }
}

export interface Cuts {
  too_many: number
  not_reading: number
}

interface Bounds {
  maxConnections: number
  // Called at most once a second, if there were any.
  onCuts?: (cuts: Cuts) => void
  clock?: () => number
}

const connections = new WeakMap<object, Connection>()

/** Returns the response in progress on a connection. */
export function responseInFlight(socket: object): ServerResponse | undefined {
  const response = connections.get(socket)?.current?.response
  return response?.closed ? undefined : response
}

const isBodyWanted = ({ complete, readableLength, readableHighWaterMark }: IncomingMessage) =>
  !complete && readableLength < readableHighWaterMark

const isBusy = ({ current }: Connection) => current !== undefined && !current.response.closed

// Reads until there is a request: Node alone parses and starts up to 64 KB of pipelined requests at once. `read` passes bytes to
// the parser, which listens to 'data'; without bytes it signals the end.
function feed(socket: Socket, connection: Connection): void {
  const { waiting } = connection
  const wantsMore = () =>
    !isBusy(connection) || socket.readableLength === 0 || isBodyWanted((connection.current as Exchange).request)
  while (waiting.length === 0 && !socket.writableNeedDrain && wantsMore()) {
    const length = socket.readableLength
    const most = length > 4 * slice.few ? slice.many : slice.few
    if (length > most) socket.read(most)
    // All of it.
    else return void socket.read()
  }
}

/** Creates an HTTP server that handles one request of a connection at a time, so that unread answers cannot fill its memory. */
export function createBoundedServer(
  options: ServerOptions,
  handler: RequestListener,
  { maxConnections, onCuts, clock = () => performance.now() }: Bounds
): Server {
  const open = new Set<Socket>()
  let cuts: Cuts = { too_many: 0, not_reading: 0 }
  // Answered connections that may start their next request.
  const due: (() => void)[] = []
  let isResting = false

  function startDue(): void {
    const begin = clock()
    for (let next = due.shift(); next; next = clock() - begin < batchTime ? due.shift() : undefined) next()
    isResting = true
    setTimeout(wake, restFactor * (clock() - begin))
  }

  function wake(): void {
    isResting = false
    if (due.length > 0) startDue()
  }

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
    // Otherwise the connection has ended, or an error answer has ended it.
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
      // In its own async context, which tracing needs.
      const context = new AsyncResource('request')
      connection.waiting.push({ request, response, start: () => context.runInAsyncScope(start) })
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
    // Node resumes a socket when it needs more of a body, and after each request.
    socket.on('resume', () => {
      if (socket.readableLength > 0) read()
    })
    socket.once('close', () => open.delete(socket))
  })

  function look(): void {
    const now = clock()
    for (const socket of open) {
      const { current, output } = connections.get(socket) as Connection
      const bytes = socket.writableLength
      const hasMoved = bytes === 0 || bytes < output.bytes || current !== output.of
      Object.assign(output, { bytes, of: current, since: hasMoved ? now : output.since })
      if (now - output.since < unreadTimeout) continue
      cuts.not_reading += 1
      socket.destroy()
    }
    if (Object.values(cuts).some((count) => count > 0)) onCuts?.(cuts)
    cuts = { too_many: 0, not_reading: 0 }
  }

  let timer: NodeJS.Timeout | undefined
  server.on('listening', () => {
    timer = setInterval(look, checkInterval).unref()
  })
  server.on('close', () => clearInterval(timer))

  // Without `dropMaxConnection`, a full worker passes a connection to the next one, which may be full as well.
  Object.assign(server, { maxConnections, dropMaxConnection: true })
  server.on('drop', () => {
    cuts.too_many += 1
    // Makes room for the next client.
    server.closeIdleConnections()
  })
  return server
}
