import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { validate as isUuid } from 'uuid'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../database/tables.ts'
import { problems } from '../../http/problems.ts'
import { signingKeysRepository } from '../../repositories/signing-keys.ts'
import { singleFlight } from '../../util/single-flight.ts'
import { withTimeout } from '../../util/with-timeout.ts'
import { openKey, type SigningKey, sealSigningKeys } from './key-pairs.ts'
import { ensureKeys } from './rotation.ts'

/** What the triggers in 0020_signing_keys.ts announce, on the channel of the revocations. */
export const KEYS_CHANGED = 'keys'
/** Milliseconds: after which keys are read again; between two readings because of an unknown key. */
export const READ_AGAIN_AFTER = 60_000
export const UNKNOWN_PAUSE = 30_000
const maxWait = 2_000
// The database's clock may be slightly behind the timer.
const shortestWait = 50

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

type Settings = Pick<Config, 'secrets' | 'signingAlgorithm' | 'accessTokenTtl' | 'queueWait'>

/** The published keys as a JWK Set (RFC 7517, section 5), with its entity tag. */
function toKeySet(keys: Iterable<SigningKey>) {
  const list = [...keys].map(({ jwk }) => jwk)
  const body = Buffer.from(JSON.stringify({ keys: list }))
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { body, etag, algorithms: [...new Set(list.map(({ alg }) => alg))] }
}

/**
 * Keeps the keys that sign our access tokens in memory. Processes hear of changes by LISTEN, and read the keys again once a
 * minute. With the shared secret and without keys there is neither a timer nor a query.
 */
export function createSigningKeys(
  db: Kysely<Database>,
  settings: Settings,
  { log, elapsed = () => performance.now() }: { log: Log; elapsed?: () => number }
) {
  const { signingAlgorithm, accessTokenTtl, queueWait = maxWait } = settings
  const repository = signingKeysRepository(db)
  const sealing = sealSigningKeys(settings.secrets)
  let known = new Map<string, SigningKey>()
  let published = toKeySet([])
  let signer: SigningKey | undefined
  let isLoaded = false
  let sharedSecretUntil = Number.NEGATIVE_INFINITY
  let readAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let wait: number | undefined
  let stopped = false
  // Only a process that signs records it: the doctor only reads.
  let isSigning = false
  // Refused keys stay refused, whatever an earlier query returns later.
  const refused = new Set<string>()
  const unreadable = new Set<string>()

  type Row = Awaited<ReturnType<typeof repository.read>>[number]

  function open(row: Row): SigningKey | undefined {
    const key = known.get(row.kid) ?? openKey(row, sealing)
    if (!key && !unreadable.has(row.kid)) {
      unreadable.add(row.kid)
      log.warn({ kid: row.kid }, 'a signing key cannot be decrypted: its secret is not in BETTER_AUTH_SECRETS')
    }
    return key
  }

  function choose(rows: readonly Row[], keys: ReadonlyMap<string, SigningKey>): Row | undefined {
    if (signingAlgorithm === 'HS256') return undefined
    const current = rows.filter(({ kid, state }) => state === 'current' && keys.has(kid))
    return current.find(({ algorithm }) => algorithm === signingAlgorithm) ?? current[0]
  }

  async function read(): Promise<void> {
    readAt = elapsed()
    const begun = readAt
    const rows = await repository.read()
    for (const { kid, state } of rows) if (state === 'refused') refused.add(kid)
    const keys = new Map(
      rows.flatMap((row) => {
        const key = refused.has(row.kid) ? undefined : open(row)
        return key ? [[row.kid, key] as const] : []
      })
    )
    const chosen = choose(rows, keys)
    const isInUse = rows.length > 0 || signingAlgorithm !== 'HS256'
    if (isSigning && chosen) await repository.lengthen(chosen.kid, accessTokenTtl)
    else if (isSigning && isInUse) await repository.extendSharedSecret(accessTokenTtl)
    const left = isInUse ? await repository.sharedSecretLeft() : 0
    // A key was refused while the queries ran: the reading that follows knows which one signs now.
    if ([...keys.keys()].some((kid) => refused.has(kid))) return
    const next = chosen && keys.get(chosen.kid)
    if (isInUse && (!isLoaded || next !== signer))
      log.info({ kid: next?.kid, algorithm: next?.algorithm ?? 'HS256' }, 'access tokens are signed by')
    signer = next
    known = keys
    published = toKeySet(keys.values())
    sharedSecretUntil = begun + left * 1000
    isLoaded = true
    const changes = rows.flatMap(({ change }) => (change === null ? [] : [change * 1000]))
    wait = isInUse ? Math.max(shortestWait, Math.min(READ_AGAIN_AFTER, ...changes)) : undefined
  }

  const readOnce = singleFlight(read)
  let reading = Promise.resolve()

  async function load(): Promise<void> {
    if (stopped) return
    reading = readOnce()
    await reading.finally(() => {
      clearTimeout(timer)
      if (wait !== undefined && !stopped) timer = setTimeout(reload, wait).unref()
    })
  }

  const reload = (): Promise<void> => load().catch((err) => log.warn({ err }, 'the signing keys could not be read'))

  function lookUp(kid: string): SigningKey {
    const key = known.get(kid)
    if (key) return key
    if (refused.has(kid)) throw problems.invalidToken('refused key')
    if (!isLoaded) throw problems.unavailable('signing keys')
    throw problems.invalidToken('unknown kid')
  }

  return {
    /** Makes the keys that are missing, and reads them, before this process signs. Rejects when the database does not answer. */
    async prepare(): Promise<void> {
      isSigning = true
      if (signingAlgorithm !== 'HS256') await ensureKeys(db, signingAlgorithm, settings)
      await load()
    },

    load,
    /** Reads the keys again. A failure is logged. */
    reload,

    /** Whether an announcement is about keys. Then it reads them again. */
    hears(payload: string): boolean {
      if (payload !== KEYS_CHANGED) return false
      void reload()
      return true
    },

    /** Refuses a key that was revoked, at once; without a key, after the database was restored, reads them again. */
    revoke(kid: string | undefined): void {
      if (kid !== undefined && !known.has(kid)) return
      if (kid !== undefined) {
        refused.add(kid)
        known.delete(kid)
        published = toKeySet(known.values())
        isLoaded = false
      }
      void reload()
    },

    /** The key to sign with; undefined for the shared secret. Throws `unavailable` while the keys are not known. */
    signer(): SigningKey | undefined {
      if (signingAlgorithm !== 'HS256' && !isLoaded) throw problems.unavailable('signing keys')
      return signer
    },

    /**
     * The key of a token, as a promise only if it may be new. Unknown keys cause at most one query in 30 s, whatever they are.
     * Throws `invalid_token`.
     */
    find(kid: unknown): SigningKey | Promise<SigningKey> {
      if (typeof kid !== 'string' || !isUuid(kid)) throw problems.invalidToken('unknown kid')
      if (!known.has(kid) && !refused.has(kid) && !asking && elapsed() - readAt >= UNKNOWN_PAUSE)
        asking = withTimeout(queueWait, reload())
          .catch(() => {})
          .finally(() => {
            asking = undefined
          })
      return asking && !known.has(kid) ? asking.then(() => lookUp(kid)) : lookUp(kid)
    },

    /** Whether tokens of a key are still accepted. */
    trusts: (key: SigningKey): boolean => known.get(key.kid) === key,

    /**
     * Whether our tokens under the shared secret are accepted: by default, and otherwise until the last one that any process
     * signed has expired.
     */
    acceptsSharedSecret: (): boolean => signingAlgorithm === 'HS256' || elapsed() < sharedSecretUntil,

    published: () => published,

    /** Ends the reading of keys, before the database is closed. */
    async stop(): Promise<void> {
      stopped = true
      clearTimeout(timer)
      await reading.catch(() => {})
    }
  }
}

export type SigningKeys = ReturnType<typeof createSigningKeys>
