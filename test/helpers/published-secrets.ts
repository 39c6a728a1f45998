import { readFileSync, writeFileSync } from 'node:fs'
import { fingerprint } from '../../src/config/published-secrets.ts'

/** Writes the file of fingerprints anew: `node test/helpers/published-secrets.ts jwt.secrets.list`, the list of github.com/wallarm/jwt-secrets. */
const secrets = readFileSync(String(process.argv[2]), 'utf8').split(/\r?\n/)
const fingerprints = new Set(secrets.filter(({ length }) => length >= 32).map(fingerprint))
writeFileSync(
  new URL('../../src/config/published-secrets.txt', import.meta.url),
  `${[...fingerprints].sort().join('\n')}\n`
)
