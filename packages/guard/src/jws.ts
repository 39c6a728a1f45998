import { isUtf8 } from 'node:buffer'
import { invalid } from './refusals.ts'

export type Members = Readonly<Record<string, unknown>>

/** Characters. Gatehouse's tokens have about 500. */
const maxLength = 4 * 1024

// Strict base64url (RFC 7515): no padding, white space or unused bits, so that a token has only one spelling.
function decode(segment: string): Buffer {
  const bytes = Buffer.from(segment, 'base64url')
  if (bytes.length === 0 || bytes.toString('base64url') !== segment) throw invalid('not base64url')
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
      const names = scopes.at(-1)
      if (names?.has(name)) return true
      names?.add(name)
    }
  }
  return false
}

/** Parses a segment that must be a JSON object in UTF-8, without a name twice. */
export function parseObject(segment: string): Members {
  const bytes = decode(segment)
  if (!isUtf8(bytes)) throw invalid('not UTF-8')
  const text = bytes.toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw invalid('not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('not an object')
  if (repeatsName(text)) throw invalid('a name twice')
  return value as Members
}

/** Parses a compact JWS (RFC 7515, section 7.1). The payload is left as it is until the signature has been checked. */
export function parseJws(text: string): { header: Members; payload: string; signature: Buffer } {
  if (text.length > maxLength) throw invalid('too long')
  const [header = '', payload = '', signature = '', ...more] = text.split('.')
  if (more.length > 0) throw invalid('not three segments')
  decode(payload)
  return { header: parseObject(header), payload, signature: decode(signature) }
}
