import http, { type IncomingHttpHeaders } from 'node:http'
import https from 'node:https'
import { urlToHttpOptions } from 'node:url'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** Milliseconds from the call to the last byte, including the wait for a free connection. */
  ms: number
}

export interface Call {
  token?: string | undefined
  body?: unknown
  headers?: Record<string, string>
}

export type Caller = (method: string, path: string, call?: Call) => Promise<Answer>

interface Connections {
  /** Milliseconds without a byte. */
  timeout?: number
  maxSockets?: number
}

/** A client with keep-alive connections, as many as needed. */
export function connectTo(
  origin: string,
  { timeout = 30_000, maxSockets = Number.POSITIVE_INFINITY }: Connections = {}
): Caller {
  const url = new URL(origin)
  const { Agent, request } = url.protocol === 'https:' ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets })
  const { hostname, port } = urlToHttpOptions(url)
  return (method, path, { token, body, headers }: Call = {}) =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body)
      const begin = performance.now()
      const outgoing = request({
        agent,
        hostname,
        port,
        method,
        path,
        timeout,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(payload !== undefined && {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(payload)
          }),
          ...headers
        }
      })
      outgoing.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            ms: performance.now() - begin
          })
        )
        response.on('error', reject)
      })
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)))
      outgoing.on('error', reject)
      outgoing.end(payload)
    })
}

interface Opened {
  access_token: string
  refresh_token: string
  user: { id: string }
}

export const password = 'correct-horse-7'

export async function signUp(call: Caller, email = `${crypto.randomUUID()}@example.com`) {
  const { status, text } = await call('POST', '/api/auth/register', { body: { email, name: 'Somebody', password } })
  if (status !== 201) throw new Error(`Registering: ${status} ${text}`)
  return { email, password, ...(JSON.parse(text) as Opened) }
}

export async function logIn(call: Caller, { email }: { email: string }): Promise<Opened> {
  const { status, text } = await call('POST', '/api/auth/login', { body: { email, password } })
  if (status !== 200) throw new Error(`Logging in: ${status} ${text}`)
  return JSON.parse(text) as Opened
}
