import { hash, timingSafeEqual } from 'node:crypto'
import { maxTokenLength } from './jws.ts'

/** Bytes of a block and of a digest of SHA-256. */
const [BLOCK, DIGEST] = [64, 32]

/**
 * HMAC-SHA-256 (RFC 2104) with one key, of texts as long as a token may be. Not node:crypto's, which makes a native object
 * for each text that the garbage collector has to finalize: under a flood of tokens a third of all the time. Two
 * hashes over memory that is laid out once, with the key already in it (section 4), are the same.
 */
export function createHmac(secret: string) {
  const key = Buffer.from(secret)
  const padded = Buffer.alloc(BLOCK)
  padded.set(key.length > BLOCK ? hash('sha256', key, 'buffer') : key)
  const inner = Buffer.alloc(
    BLOCK + 3 * maxTokenLength,
    padded.map((byte) => byte ^ 0x36)
  )
  const outer = Buffer.alloc(
    BLOCK + DIGEST,
    padded.map((byte) => byte ^ 0x5c)
  )
  const digest = Buffer.alloc(DIGEST)

  function compute(text: string, encoding: 'binary' | 'base64url'): string {
    if (text.length > maxTokenLength) throw new RangeError('Longer than any token')
    const end = BLOCK + inner.write(text, BLOCK)
    outer.write(hash('sha256', inner.subarray(0, end), 'binary'), BLOCK, 'binary')
    return hash('sha256', outer, encoding)
  }

  return {
    /** The code of a text, in base64url. */
    sign: (text: string): string => compute(text, 'base64url'),

    /** Whether this is the code of the text, in a time that does not tell how much of it is right. */
    verify(text: string, code: Buffer): boolean {
      digest.write(compute(text, 'binary'), 'binary')
      return code.length === DIGEST && timingSafeEqual(digest, code)
    }
  }
}

export type Hmac = ReturnType<typeof createHmac>
