import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Secret } from '../config/secrets.ts'

const algorithm = 'aes-256-gcm'
const idLength = 4
const nonceLength = 12
const tagLength = 16

export interface Unsealed {
  bytes: Buffer
  /** False if an older secret sealed it: seal it again. */
  isCurrent: boolean
}

/**
 * Encrypts secrets that the service itself must read, for the database. Each purpose has a key of its own, derived from the
 * configured secrets. Sealed bytes are the id of their key, a nonce, the tag and the ciphertext. They open only with the
 * context that they were sealed with, such as the id of the user whose row it is (OWASP ASVS 5.0, 11.3.2 and 13.3.1).
 */
export function createSealing(secrets: readonly Secret[], purpose: string) {
  const keys = secrets.map(({ secret }) => {
    const bytes = Buffer.from(hkdfSync('sha256', secret, '', `gatehouse sealing ${purpose}`, idLength + 32))
    return { id: bytes.subarray(0, idLength), key: bytes.subarray(idLength) }
  })
  const current = keys[0] as (typeof keys)[number]

  return {
    /** The first bytes of what the current secret seals. */
    currentId: current.id,

    /** Encrypts with the current secret. */
    seal(bytes: Uint8Array, context: string): Buffer {
      const nonce = randomBytes(nonceLength)
      const cipher = createCipheriv(algorithm, current.key, nonce, { authTagLength: tagLength }).setAAD(
        Buffer.from(context)
      )
      const content = Buffer.concat([cipher.update(bytes), cipher.final()])
      return Buffer.concat([current.id, nonce, cipher.getAuthTag(), content])
    },

    /**
     * Decrypts with any of the secrets. Returns undefined if none of them sealed it, or the context is another one. The
     * embedded database gives plain arrays.
     */
    unseal(stored: Uint8Array, context: string): Unsealed | undefined {
      const sealed = Buffer.from(stored)
      const found = keys.find(({ id }) => sealed.subarray(0, idLength).equals(id))
      const contentAt = idLength + nonceLength + tagLength
      if (!found || sealed.length < contentAt) return undefined
      const nonce = sealed.subarray(idLength, idLength + nonceLength)
      const decipher = createDecipheriv(algorithm, found.key, nonce, { authTagLength: tagLength })
        .setAAD(Buffer.from(context))
        .setAuthTag(sealed.subarray(idLength + nonceLength, contentAt))
      try {
        const bytes = Buffer.concat([decipher.update(sealed.subarray(contentAt)), decipher.final()])
        return { bytes, isCurrent: found === current }
      } catch {
        return undefined
      }
    }
  }
}

export type Sealing = ReturnType<typeof createSealing>
