import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../config/secrets.ts'
import type { MailPurpose } from '../repositories/mail-tokens.ts'

const bytesOfToken = 32
const digits = 8

/** Hashes a token. Returns undefined if the text is not the only spelling of 256 bits. */
export function hashOfToken(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== bytesOfToken || bytes.toString('base64url') !== text) return undefined
  return createHash('sha256').update(bytes).digest()
}

/**
 * Tokens and codes of mails. They are derived from the seed of the mail and the service's secret, so that a mail that is
 * sent again carries the same ones, and the database alone reveals none (OWASP ASVS 5.0, 6.5.2 and 6.5.3).
 */
export function createMailTokens(secrets: readonly Secret[]) {
  const keys = secrets.map(({ secret }) => Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse mail tokens', 32)))
  const ours = keys[0] as Buffer

  const mac = (key: Buffer, ...parts: (string | Buffer)[]) =>
    parts.reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest()

  const hashOfCode = (key: Buffer, code: string, hash: Buffer) => mac(key, 'stored code\n', hash, code)

  return {
    /** Derives the token and the code of a mail, and their hashes to store. */
    derive(purpose: MailPurpose, seed: Buffer) {
      const token = mac(ours, `token ${purpose}\n`, seed)
      const hash = createHash('sha256').update(token).digest()
      const code = String(mac(ours, `code ${purpose}\n`, seed).readUIntBE(0, 6) % 10 ** digits).padStart(digits, '0')
      return { token: token.toString('base64url'), hash, code, code_hash: hashOfCode(ours, code, hash) }
    },

    /** Whether a code is the one that was stored, under any of the secrets. */
    isCode: (code: string, { hash, code_hash }: { hash: Buffer; code_hash: Buffer }): boolean =>
      keys.some((key) => timingSafeEqual(hashOfCode(key, code.replace(' ', ''), hash), code_hash))
  }
}

export type MailTokens = ReturnType<typeof createMailTokens>
