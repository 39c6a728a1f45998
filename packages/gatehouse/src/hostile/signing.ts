import { createHmac } from 'node:crypto'

export type Claims = Record<string, unknown>
export type Part = Claims | string | Buffer | null | number | unknown[]

export const segment = (part: Part) =>
  Buffer.from(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)).toString('base64url')

/** Appends the HMAC of a text to it. */
export const signText = (text: string, key: string | Buffer, hash = 'sha256') =>
  `${text}.${createHmac(hash, key).update(text).digest('base64url')}`

/** Signs anything: objects as JSON, text and bytes unchanged. */
export const mint = (header: Part, payload: Part, key: string | Buffer, hash?: string) =>
  signText(`${segment(header)}.${segment(payload)}`, key, hash)

/** Now, as a NumericDate (RFC 7519, section 2). */
export const seconds = () => Math.floor(Date.now() / 1000)
