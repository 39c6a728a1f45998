import { type AddressInfo, connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { settled, until } from './wait.ts'

export interface RawAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

/** Parses the answers of one connection, in order. */
function parse(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n')
    if (end < 0) throw new Error(`Not an HTTP answer: ${JSON.stringify(rest)}`)
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()])
    )
    const status = Number(first.split(' ')[1])
    const length = status === 100 ? 0 : Number(headers['content-length'] ?? 0)
    answers.push({ status, headers, body: rest.slice(end + 4, end + 4 + length) })
    rest = rest.slice(end + 4 + length)
  }
  return answers
}

/** Listens on a free loopback port; `send` writes raw bytes. */
export async function listen(app: FastifyInstance) {
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  /** Returns everything until the server closes the connection: requests must end with `Connection: close`. */
  const send = (bytes: string | Buffer): Promise<RawAnswer[]> => {
    const answers = new Promise<RawAnswer[]>((resolve, reject) => {
      const chunks: Buffer[] = []
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
      socket.on('data', (chunk) => chunks.push(chunk))
      socket.on('error', (error: NodeJS.ErrnoException) => error.code !== 'ECONNRESET' && reject(error))
      socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString('latin1'))))
    })
    return settled(`the end of the connection after ${bytes.toString().slice(0, 40)}`, answers)
  }

  return { port, send }
}

/** A request head that closes its connection. */
export const message = (...head: string[]) => `${head.join('\r\n')}\r\nConnection: close\r\n\r\n`

/** Checks that an answer is a complete problem. */
export function checkRefusal(t: Test, answer: RawAnswer | undefined, status: number) {
  const problem = JSON.parse(answer?.body ?? '')
  t.match(answer, {
    status,
    headers: {
      'content-type': /^application\/problem\+json/,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'x-request-id': problem.request_id
    }
  })
  t.equal(problem.status, status)
}

/** Waits for a number of request log lines after `from`: the server may notice a closed socket later than we do. */
export async function requests(lines: Record<string, unknown>[], from: number, count: number) {
  const found = () => lines.slice(from).filter(({ msg }) => msg === 'request')
  await until(`${count} requests in the log`, () => found().length >= count)
  return found()
}
