const maxBytes = 64 * 1024
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Whoever can answer in place of a plain HTTP server can issue tokens for every user. */
export function checkUrl(text: string, allowHttp: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && (allowHttp || loopback.has(url.hostname)))) return url
  throw new Error(`${text.slice(0, 200)} is not an https URL`)
}

interface Limits {
  /** Milliseconds. */
  timeout: number
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Bytes. */
  max?: number
}

export class HttpError extends Error {
  readonly status: number
  constructor(url: URL, status: number) {
    super(`${url.origin}${url.pathname} answered ${status}`)
    this.status = status
  }
}

/** Fetches JSON of bounded size within a bounded time. Redirects are errors, because keys come from one place only. */
export async function fetchJson(url: URL, { timeout, headers = {}, signal, max = maxBytes }: Limits): Promise<unknown> {
  const late = AbortSignal.timeout(timeout)
  const answer = await fetch(url, {
    headers: { accept: 'application/json', ...headers },
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, late]) : late
  })
  const { status, body } = answer
  if (status !== 200 || !body) {
    await body?.cancel()
    throw new HttpError(url, status)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > max) throw new Error(`${url.origin}${url.pathname} is larger than ${max} bytes`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString())
}
