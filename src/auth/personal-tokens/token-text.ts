import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

export const prefix = 'gh_'
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Digits that 256 and 32 bits take in base 62. */
const [secretLength, checksumLength] = [43, 6]

/** What a token looks like, for scanners of secrets. The checksum tells tokens from other texts (docs/personal-tokens.md). */
export const shape = /^gh_[0-9A-Za-z]{49}$/

function base62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest /= 62n) text = digits[Number(rest % 62n)] + text
  return text
}

/** CRC-32 of everything before it: anyone can compute it, so it is no protection. It spares a query for a mistyped token. */
const checksum = (text: string): string => base62(BigInt(crc32(text)), checksumLength)

export function makeToken(): string {
  const text = prefix + base62(BigInt(`0x${randomBytes(32).toString('hex')}`), secretLength)
  return text + checksum(text)
}

export const isWellFormed = (text: string): boolean =>
  shape.test(text) && checksum(text.slice(0, -checksumLength)) === text.slice(-checksumLength)

/** Random tokens need no salt and no slow hash (OWASP ASVS 5.0, 6.5.2). */
export const hashOf = (text: string): Buffer => hash('sha256', text, 'buffer')
