import { isUtf8 } from 'node:buffer'
import { problems } from '../../http/problems.ts'

/** Better Auth puts the whole user into its tokens. Node limits all headers together to 16 KiB. */
const maxTokenLength = 12 * 1024

// Strict base64url (RFC 7515): no padding, white space or unused bits, so that a signature has only one spelling.
function decode(segment: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url')
  if (bytes.length === 0 || bytes.toString('base64url') !== segment) throw problems.invalidToken('not base64url')
  return bytes
}

// Parsers resolve repeated names differently (RFC 7519, section 4).
function repeatsName(json: string): boolean {
  const scopes: Set<string>[] = []
  for (const [token, colon] of json.matchAll(/[{}]|"(?:[^"\\]|\\.)*"(\s*:)?/gs)) {
    if (token === '{') scopes.push(new Set())
    else if (token === '}') scopes.pop()
    else if (colon !== undefined) {
      const name: string = JSON.parse(token.slice(0, -colon.length))
      const names = scopes.at(-1) as Set<string>
      if (names.has(name)) return true
      names.add(name)
    }
  }
  return false
}

function parseObject(segment: string): Record<string, unknown> {
  const bytes = decode(segment)
  if (!isUtf8(bytes)) throw problems.invalidToken('not UTF-8')
  const text = bytes.toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw problems.invalidToken('not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw problems.invalidToken('not an object')
  if (repeatsName(text)) throw problems.invalidToken('a name twice')
  return value as Record<string, unknown>
}

export class Jws {
  readonly header: Readonly<Record<string, unknown>>
  readonly text: string
  readonly signed: string
  readonly signature: Buffer
  readonly #payload: string
  #claims: Record<string, unknown> | undefined

  constructor(text: string, header: string, payload: string, signature: string) {
    this.header = parseHeader(header)
    this.text = text
    this.signed = text.slice(0, header.length + 1 + payload.length)
    this.signature = decode(signature)
    this.#payload = payload
  }

  /** Parsed on first access, so that the signature can be checked before. Throws `invalid_token`. */
  get claims(): Record<string, unknown> {
    this.#claims ??= parseObject(this.#payload)
    return this.#claims
  }
}

// All tokens of a key have the same header.
let last: { segment: string; header: Jws['header'] } | undefined

function parseHeader(segment: string): Jws['header'] {
  if (last?.segment !== segment) last = { segment, header: Object.freeze(parseObject(segment)) }
  return last.header
}

/** Parses a compact JWS. Throws `invalid_token` if it is malformed. */
export function parseJws(token: string): Jws {
  if (token.length > maxTokenLength) throw problems.invalidToken('too long')
  const segments = token.split('.')
  if (segments.length !== 3) throw problems.invalidToken('not three segments')
  return new Jws(token, ...(segments as [string, string, string]))
}
