import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Secrets that documentation, examples and plans hand out: refused wherever they stand in a longer one. */
const wellKnown = [
  'zF4Gr5uYTUtVZVcyXGLFaTyskJhewCl5',
  'better-auth-secret-12345678901234567890',
  // RFC 7515, appendix A.1, and RFC 7520, section 3.5.
  'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  'hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg'
]

/** Without what changes when a secret is copied: case, quotes, whitespace, padding, separators. */
function normalize(secret: string): string {
  const folded = secret.toLowerCase()
  const letters = folded.replace(/[^\p{L}\p{N}]/gu, '')
  // A secret of punctuation is itself.
  return letters.length < 16 ? folded : letters
}

/** The first 48 bits of the SHA-256 of a normalized secret: a random secret is among 2,000 of them once in 10^11. */
export const fingerprint = (secret: string): string =>
  createHash('sha256').update(normalize(secret)).digest('hex').slice(0, 12)

const known = wellKnown.map(normalize)
/** Fingerprints of the secrets of 32 characters or more in github.com/wallarm/jwt-secrets, one a line (test/helpers/published-secrets.ts). */
const file = new URL('published-secrets.txt', import.meta.url)

/** Whether anybody can find this secret in a public place. */
export function isPublished(secret: string): boolean {
  const normalized = normalize(secret)
  return (
    known.some((published) => normalized.includes(published)) ||
    readFileSync(file, 'utf8').includes(`${fingerprint(secret)}\n`)
  )
}
