import { type LookupAddress, lookup } from 'node:dns'
import http, { type IncomingHttpHeaders } from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import type { Budget } from './budget.ts'

export const megabyte = 1024 * 1024
/** Bytes of the headers of an answer. */
const maxHeaderSize = 256 * 1024
/** Seconds that a run waits when the deployment asks for it. */
const longestWait = 90

export interface Caller {
  headers: Record<string, string>
}

export interface Ask {
  method?: string
  path: string
  /** Whose credentials are sent. */
  as?: Caller | undefined
  /** A list sends the header more than once. */
  headers?: Record<string, string | string[]>
  /** Text is sent as it is, anything else as JSON. */
  body?: unknown
  /** Returns 429 and 503 instead of waiting and trying again. */
  isFinal?: boolean
  /** Bytes of the answer that are read. */
  maxAnswer?: number
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  cookies: string[]
  text: string
  /** The body as JSON, or undefined. */
  json: unknown
  /** Whether the answer is longer than what is read of it. */
  isCut: boolean
}

export interface ClientOptions {
  base: URL
  budget: Budget
  /** Certificates to trust, as PEM. */
  ca?: string | undefined
  /** Milliseconds for one request. */
  timeout?: number
}

/** Resolves a name once, so that no later request goes to a host that has shown no token. */
export function pinned(): LookupFunction {
  let known: LookupAddress[] | undefined
  return (host, options, done) => {
    const answer = (addresses: LookupAddress[]) =>
      options.all ? done(null, addresses) : done(null, addresses[0]?.address ?? '', addresses[0]?.family)
    if (known) return answer(known)
    lookup(host, { all: true, family: options.family ?? 0 }, (error, addresses) => {
      if (error) return done(error, '')
      known = addresses
      answer(addresses)
    })
  }
}

/** A request got no answer: the connection was closed or refused, or the time was over. */
export class NoAnswer extends Error {
  code: string | undefined

  constructor(request: string, before: string, error: NodeJS.ErrnoException) {
    super(`${request}: no answer: ${error.message}${before && `; the request before was ${before}`}`)
    this.code = error.code
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A text without the lone surrogates that JSON can have. */
export const wellFormed = (text: string) => text.replace(/\p{Cs}/gu, '\ufffd')

/** A path of the deployment's own documents or answers as a request can have it. */
const sendable = (path: string) =>
  path.replace(/[^\x21-\x7e\x80-\xff]+/g, (part) => encodeURIComponent(wellFormed(part)))

const isPlain = (value: unknown): value is string | Buffer => typeof value === 'string' || Buffer.isBuffer(value)

/** Sends requests to one host, one after the other. It follows no redirect and keeps no cookies. */
export function createClient({ base, budget, ca, timeout = 15_000 }: ClientOptions) {
  const isTls = base.protocol === 'https:'
  const lookupOnce = pinned()
  const agentOptions = { keepAlive: true, maxSockets: 1, lookup: lookupOnce }
  const agent = isTls ? new https.Agent({ ...agentOptions, ...(ca && { ca }) }) : new http.Agent(agentOptions)

  function once({ method = 'GET', path, as, headers = {}, body, maxAnswer = 2 * megabyte }: Ask): Promise<Answer> {
    const payload = body === undefined ? undefined : isPlain(body) ? body : JSON.stringify(body)
    const sent = {
      accept: 'application/json, */*;q=0.5',
      'user-agent': 'gatehouse-prove',
      ...(payload !== undefined && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload)
      }),
      ...as?.headers,
      ...headers
    }
    return new Promise((resolve, reject) => {
      const { hostname, port } = base
      let finish: (() => void) | undefined
      const call = (isTls ? https : http).request(
        {
          agent,
          host: hostname.replace(/^\[|\]$/g, ''),
          port,
          method,
          path: sendable(path),
          headers: sent,
          timeout,
          maxHeaderSize
        },
        (response) => {
          const chunks: Buffer[] = []
          let size = 0
          finish = () => {
            const text = Buffer.concat(chunks).toString('utf8')
            const { statusCode: status = 0, headers } = response
            const cookies = headers['set-cookie'] ?? []
            resolve({ status, headers, cookies, text, json: parsed(text), isCut: size > maxAnswer })
          }
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk)
            size += chunk.length
            if (size > maxAnswer) {
              finish?.()
              response.destroy()
            }
          })
          response.on('end', finish)
          response.on('error', reject)
        }
      )
      const deadline = setTimeout(() => {
        // An answer that does not end, such as a stream of events, is an answer.
        finish?.()
        call.destroy(new Error(`none within ${timeout / 1000} s`))
      }, timeout)
      call.on('error', reject)
      call.on('close', () => {
        clearTimeout(deadline)
        // There is no error after an answer that changes the protocol, such as 101.
        reject(new Error('the connection was closed'))
      })
      if (payload === undefined) call.end()
      else call.end(payload)
    })
  }

  let before = ''

  async function ask(request: Ask): Promise<Answer> {
    const { method = 'GET', path } = request
    for (let tries = 0; ; tries += 1) {
      await budget.take()
      // A server may close an idle connection just as it is used again.
      const answer = await once(request).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET' && tries === 0) return undefined
        const noAnswer = new NoAnswer(`${method} ${path.slice(0, 200)}`, before, error)
        before = `${method} ${path.slice(0, 200)}`
        throw noAnswer
      })
      if (!answer) continue
      before = `${method} ${path.slice(0, 200)}`
      const isBusy = answer.status === 429 || (answer.status === 503 && 'retry-after' in answer.headers)
      if (!isBusy || request.isFinal || tries > 3) return answer
      const seconds = Number(answer.headers['retry-after'] ?? 5)
      await budget.wait(Math.min(Number.isFinite(seconds) ? Math.max(seconds, 1) : 5, longestWait) * 1000)
    }
  }

  return { ask, base, isTls, lookup: lookupOnce, ca, budget, timeout, close: () => agent.destroy() }
}

export type Client = ReturnType<typeof createClient>
