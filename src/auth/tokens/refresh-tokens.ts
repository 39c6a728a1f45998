import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { stringify as formatUuid, parse as parseUuid } from 'uuid'
import type { Secret } from '../../config/secrets.ts'

const idLength = 16
const randomLength = 32
const tagLength = 16
const length = idLength + randomLength + tagLength

/** Issued by us, according to its tag. The session's row tells whether it is current. */
export interface RefreshToken {
  sessionId: string
  bytes: Buffer
}

export const hashOf = (token: RefreshToken): Buffer => createHash('sha256').update(token.bytes).digest()

const formatted = (token: RefreshToken): string => token.bytes.toString('base64url')

// A one-time pad from the predecessor: only a client that sends the predecessor can read the successor stored in the row.
function seal(predecessor: RefreshToken, bytes: Buffer): Buffer {
  const pad = Buffer.from(hkdfSync('sha256', predecessor.bytes, '', 'gatehouse successor', length))
  return Buffer.from(bytes.map((byte, i) => byte ^ pad.readUInt8(i)))
}

/** A session's id, 256 random bits, and a tag, which tells our tokens (reuse is theft) from made-up ones (which end nothing). */
export function createRefreshTokens(secrets: readonly Secret[]) {
  const keys = secrets.map(({ secret }) => Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse refresh tokens', 32)))
  const [taggingKey] = keys
  if (!taggingKey) throw new Error('No secret to tag refresh tokens with')
  const tag = (key: Buffer, content: Buffer) =>
    createHmac('sha256', key).update(content).digest().subarray(0, tagLength)

  return {
    make(sessionId: string): RefreshToken {
      const content = Buffer.concat([parseUuid(sessionId), randomBytes(randomLength)])
      return { sessionId, bytes: Buffer.concat([content, tag(taggingKey, content)]) }
    },

    parse(text: string): RefreshToken | undefined {
      const bytes = Buffer.from(text, 'base64url')
      if (bytes.length !== length || bytes.toString('base64url') !== text) return undefined
      const [content, given] = [bytes.subarray(0, -tagLength), bytes.subarray(-tagLength)]
      if (!keys.some((key) => timingSafeEqual(tag(key, content), given))) return undefined
      return { sessionId: formatUuid(bytes, 0), bytes }
    },

    format: formatted,
    seal: (predecessor: RefreshToken, successor: RefreshToken) => seal(predecessor, successor.bytes),
    unseal: (predecessor: RefreshToken, sealed: Buffer): RefreshToken => ({
      sessionId: predecessor.sessionId,
      bytes: seal(predecessor, sealed)
    })
  }
}

export type RefreshTokens = ReturnType<typeof createRefreshTokens>
