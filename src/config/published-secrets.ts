import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Secrets from documentation, examples and plans; any secret that contains one is refused. */
const wellKnown = [
  'zF4Gr5uYTUtVZVcyXGLFaTyskJhewCl5',
  'better-auth-secret-12345678901234567890',
  // RFC 7515, appendix A.1, and RFC 7520, section 3.5.
  'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
  'hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg'
]

// Copying changes case, quotes, whitespace, padding and separators.
function normalize(secret: string): string {
  const folded = secret.toLowerCase()
  const letters = folded.replace(/[^\p{L}\p{N}]/gu, '')
  return letters.length < 16 ? folded : letters
}

/** The first 48 bits of SHA-256: a random secret matches one of 2,000 with a chance of 1 in 10^11. */
export const fingerprint = (secret: string): string =>
  createHash('sha256').update(normalize(secret)).digest('hex').slice(0, 12)

const known = wellKnown.map(normalize)
// Fingerprints of the secrets of 32 or more characters in github.com/wallarm/jwt-secrets (test/helpers/published-secrets.ts).
const file = new URL('published-secrets.txt', import.meta.url)

export function isPublished(secret: string): boolean {
  const normalized = normalize(secret)
  return (
    known.some((published) => normalized.includes(published)) ||
    readFileSync(file, 'utf8').includes(`${fingerprint(secret)}\n`)
  )
}
