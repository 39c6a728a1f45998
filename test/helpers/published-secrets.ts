import { readFileSync, writeFileSync } from 'node:fs'
import { fingerprint } from '../../src/config/published-secrets.ts'

/**
 * Regenerates the fingerprints from the list of github.com/wallarm/jwt-secrets: `node test/helpers/published-secrets.ts
 * jwt.secrets.list`.
 */
const secrets = readFileSync(String(process.argv[2]), 'utf8').split(/\r?\n/)
const fingerprints = new Set(secrets.filter(({ length }) => length >= 32).map(fingerprint))
writeFileSync(
  new URL('../../src/config/published-secrets.txt', import.meta.url),
  `${[...fingerprints].sort().join('\n')}\n`
)
