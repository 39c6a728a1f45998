import { createHash, createHmac, hkdfSync, randomFillSync, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../config/secrets.ts'

/** Milliseconds. */
export const passkeyChallengeLife = 5 * 60 * 1000

/** Bytes: random ones, the end in milliseconds since 1970, and the code that authenticates both and the purpose. */
const lengths = { random: 16, time: 6, mac: 32 }
const headLength = lengths.random + lengths.time

/** What a challenge is for. Those of signed-in users belong to a session, and end with it. */
export type PasskeyPurpose =
  | { purpose: 'login' }
  | { purpose: 'registration' | 'step-up'; userId: string; sessionId: string }

export interface OpenChallenge {
  hash: Buffer
  /** Milliseconds since 1970. */
  expiresAt: number
}

/**
 * Challenges that are not stored, so that a stranger who asks for many fills no table. The service recognises its own, for
 * this purpose only, within five minutes. Whoever accepts one stores its hash, and so uses it up (WebAuthn, section 13.4.3).
 */
export function createPasskeyChallenges(secrets: readonly Secret[], clock: () => number) {
  const keys = secrets.map(({ secret }) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse passkey challenges', 32))
  )
  const mac = (key: Buffer, purpose: PasskeyPurpose, head: Buffer) =>
    createHmac('sha256', key)
      .update(JSON.stringify(Object.values(purpose)))
      .update(head)
      .digest()

  return {
    make(purpose: PasskeyPurpose): Buffer {
      const head = randomFillSync(Buffer.alloc(headLength))
      head.writeUIntBE(Math.floor(clock()) + passkeyChallengeLife, lengths.random, lengths.time)
      return Buffer.concat([head, mac(keys[0] as Buffer, purpose, head)])
    },

    /** Returns undefined for any text that is not a current challenge for this purpose. */
    open(purpose: PasskeyPurpose, text: unknown): OpenChallenge | undefined {
      const bytes = Buffer.from(String(text), 'base64url')
      if (bytes.length !== headLength + lengths.mac || bytes.toString('base64url') !== text) return undefined
      const [head, given] = [bytes.subarray(0, headLength), bytes.subarray(headLength)]
      if (!keys.some((key) => timingSafeEqual(mac(key, purpose, head), given))) return undefined
      const expiresAt = head.readUIntBE(lengths.random, lengths.time)
      return expiresAt > clock() ? { hash: createHash('sha256').update(bytes).digest(), expiresAt } : undefined
    }
  }
}

export type PasskeyChallenges = ReturnType<typeof createPasskeyChallenges>
