import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDataDirectory, makePrivate } from '../util/private-paths.ts'
import { isPublished } from './published-secrets.ts'

export interface Secret {
  kid: string
  secret: string
}

const placeholder =
  /secret|change|replace|example|password|passw0rd|default|insecure|placeholder|sample|private|signing|super|jwt.?key|my.?key|your[-_. ]|better.?auth/i

/**
 * Returns what is wrong with a secret, or undefined. It needs 32 characters (256 bits for HS256, RFC 7518, section 3.2).
 * In production it must also look random, because thousands of published secrets are longer than that.
 */
export function weakness(secret: string, production: boolean): string | undefined {
  if (secret.length < 32) return 'must have at least 32 characters; make one with: openssl rand -base64 32'
  if (!production) return undefined
  const steps = [...secret].filter((c, i) => Math.abs(c.charCodeAt(0) - secret.charCodeAt(i - 1)) <= 1).length
  const guessable =
    isPublished(secret) ||
    placeholder.test(secret) ||
    new Set(secret).size < 10 ||
    /^(.{1,24})\1+.{0,8}$/s.test(secret) ||
    steps > secret.length / 2
  return guessable ? 'is published or easily guessed; make one with: openssl rand -base64 32' : undefined
}

/** Parses Better Auth's notation `2:new,1:old`. */
function parseSecrets(text: string, complain: (problem: string) => void): Secret[] {
  const entries = text.split(',').map((entry) => entry.trim())
  const parsed = entries.filter(Boolean).map((entry) => /^(\w{1,32}):(.+)$/.exec(entry))
  if (parsed.includes(null)) complain('BETTER_AUTH_SECRETS: must be version:secret,version:secret')
  return parsed.flatMap((match) => (match ? [{ kid: String(match[1]), secret: String(match[2]) }] : []))
}

/** The configured secrets; the first one signs, all verify. */
export function configuredSecrets(
  env: { BETTER_AUTH_SECRET: string | undefined; BETTER_AUTH_SECRETS: string | undefined },
  production: boolean,
  complain: (problem: string) => void
): Secret[] {
  const single = env.BETTER_AUTH_SECRET
  const secrets = parseSecrets(env.BETTER_AUTH_SECRETS ?? '', complain)
  if (single !== undefined && !secrets.some(({ secret }) => secret === single))
    secrets.push({ kid: secrets.some(({ kid }) => kid === '1') ? '0' : '1', secret: single })
  if (new Set(secrets.map(({ kid }) => kid)).size < secrets.length)
    complain('BETTER_AUTH_SECRETS: each version must occur only once')
  for (const { kid, secret } of secrets) {
    const weak = weakness(secret, production)
    if (weak)
      complain(secret === single ? `BETTER_AUTH_SECRET: ${weak}` : `BETTER_AUTH_SECRETS: version ${kid} ${weak}`)
  }
  return secrets
}

/** Returns the secret in the data directory (mode 0600), and creates it at the first call. */
export function localSecret(dataDir: string): string {
  makeDataDirectory(dataDir)
  const file = join(dataDir, 'secret')
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, randomBytes(32).toString('base64url'), { mode: 0o600 })
  try {
    linkSync(draft, file) // atomic, also when several processes start
  } catch {
    // Another process created it, or reading reports the error.
  } finally {
    rmSync(draft)
  }
  makePrivate(file)
  const secret = readFileSync(file, 'utf8')
  if (weakness(secret, false)) throw new Error(`The secret in ${file} is damaged; remove the file to create a new one`)
  return secret
}
