import type { Kysely } from 'kysely'
import { openKey, sealSigningKeys } from '../auth/keys/key-pairs.ts'
import type { Config } from '../config/config.ts'
import { databaseExists } from '../database/inspect.ts'
import type { Database } from '../database/tables.ts'
import { commandText } from '../process/program.ts'
import { type KeyState, signingKeysRepository } from '../repositories/signing-keys.ts'
import { type Finding, span } from './findings.ts'

interface Found {
  keys: { algorithm: string; state: KeyState; isReadable: boolean }[]
  /** Seconds for which our tokens under the shared secret are still accepted. */
  left: number
}

/** Judges the keys that sign access tokens. Returns undefined where only the shared secret does. */
export function judgeSigningKeys({ keys, left }: Found, { signingAlgorithm }: Config): Finding | undefined {
  const kept = keys.filter(({ state }) => state !== 'refused')
  if (signingAlgorithm === 'HS256' && kept.length === 0) return undefined
  const count = (wanted: KeyState) => kept.filter(({ state }) => state === wanted).length
  const shared =
    signingAlgorithm === 'HS256' || left > 0
      ? `accepted${signingAlgorithm === 'HS256' ? '' : ` for ${span(left)} more`}`
      : 'refused'
  const text =
    `Signing: ${signingAlgorithm}; keys: ${count('current')} current, ${count('next')} next, ${count('retired')} retired; ` +
    `tokens of this service under the shared secret are ${shared}`
  if (kept.some(({ isReadable }) => !isReadable))
    return {
      ok: false,
      text: `${text}; a key cannot be decrypted`,
      advice: `Add the secret that it was made with to BETTER_AUTH_SECRETS, or retire it: ${commandText('keys', 'list')}`
    }
  const idle = kept.filter(({ algorithm, state }) => state === 'current' && algorithm !== signingAlgorithm)
  const signs = kept.some(({ algorithm, state }) => state === 'current' && algorithm === signingAlgorithm)
  if (idle.length > 0)
    return {
      ok: true,
      text,
      advice: `A key of another algorithm is current. When no process uses it, retire it: ${commandText('keys', 'retire <kid>')}`
    }
  if (!signs)
    return {
      ok: true,
      text,
      advice: 'A new key signs ten minutes after it was made; until then the shared secret signs.'
    }
  return { ok: true, text }
}

/** Checks the keys in the database. Whether it answers is checked elsewhere. */
export async function checkSigningKeys(db: Kysely<Database>, config: Config): Promise<Finding[]> {
  if (!databaseExists(config)) return []
  const repository = signingKeysRepository(db)
  const sealing = sealSigningKeys(config.secrets)
  try {
    const keys = (await repository.read()).map((row) => ({ ...row, isReadable: openKey(row, sealing) !== undefined }))
    const finding = judgeSigningKeys({ keys, left: await repository.sharedSecretLeft() }, config)
    return finding ? [finding] : []
  } catch {
    return []
  }
}
