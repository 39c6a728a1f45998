import type { Kysely, Transaction } from 'kysely'
import { v4 as uuid } from 'uuid'
import type { Config } from '../../config/config.ts'
import type { Database } from '../../database/tables.ts'
import { signingKeysRepository } from '../../repositories/signing-keys.ts'
import { contextOf, makeKey, openKey, type SigningAlgorithm, sealSigningKeys } from './key-pairs.ts'

type Settings = Pick<Config, 'secrets' | 'accessTokenTtl' | 'signingAlgorithm'>

/** Records what an operator did to keys, in the transaction that does it. */
type RecordChange = (
  trx: Transaction<Database>,
  event: 'key.rotated' | 'key.retired',
  change: string
) => Promise<unknown>

const unrecorded: RecordChange = async () => {}

/**
 * The keys of an algorithm that are not to be retired: those that sign or will (`signing`), and one that is published already,
 * so that it can sign as soon as the others must not (`standby`).
 */
async function lineUp(trx: Transaction<Database>, algorithm: SigningAlgorithm, { secrets, accessTokenTtl }: Settings) {
  const keys = signingKeysRepository(trx)
  const sealing = sealSigningKeys(secrets)
  await keys.lock()
  const readable = new Set((await keys.read()).filter((row) => openKey(row, sealing)).map(({ kid }) => kid))
  const usable = (await keys.list()).filter(
    (key) => key.algorithm === algorithm && key.retires_at === null && readable.has(key.kid)
  )

  async function make(): Promise<string> {
    const key = makeKey(uuid(), algorithm, sealing)
    await keys.insert({ ...key, longest_life: accessTokenTtl })
    return key.kid
  }
  const [standby] = usable.filter(({ signs_from }) => signs_from === null)
  return {
    signing: usable.filter(({ signs_from }) => signs_from !== null),
    standby,
    make,
    /** Lets the standby key sign, as soon as it has been published for ten minutes, and makes another one. */
    async promote(): Promise<string> {
      const kid = standby?.kid ?? (await make())
      await keys.schedule(kid)
      await make()
      return kid
    }
  }
}

async function ensure(trx: Transaction<Database>, algorithm: SigningAlgorithm, settings: Settings): Promise<void> {
  const { signing, standby, make, promote } = await lineUp(trx, algorithm, settings)
  if (signing.length === 0) await promote()
  else if (!standby) await make()
}

async function rotate(
  trx: Transaction<Database>,
  algorithm: SigningAlgorithm,
  settings: Settings,
  record: RecordChange
): Promise<void> {
  const { signing, promote } = await lineUp(trx, algorithm, settings)
  if (signing.some(({ state }) => state === 'next')) return
  const successor = await promote()
  for (const { kid } of signing) await signingKeysRepository(trx).retire(kid, successor)
  const replaced = signing.map(({ kid }) => kid).join(', ') || 'the shared secret'
  await record(trx, 'key.rotated', `${successor} replaces ${replaced}`)
}

/** Makes the keys that an algorithm needs and that do not exist. */
export const ensureKeys = (db: Kysely<Database>, algorithm: SigningAlgorithm, settings: Settings): Promise<void> =>
  db.transaction().execute((trx) => ensure(trx, algorithm, settings))

/** Replaces the key that signs. While an earlier rotation waits for its time, another one changes nothing. */
export const rotateKeys = (
  db: Kysely<Database>,
  algorithm: SigningAlgorithm,
  settings: Settings,
  record = unrecorded
): Promise<void> => db.transaction().execute((trx) => rotate(trx, algorithm, settings, record))

/**
 * Retires a key: its tokens are accepted until they expire or, with `atOnce`, refused by every process from now on. The key
 * that signs is replaced. Returns false if there is no such key.
 */
export const retireKey = (
  db: Kysely<Database>,
  kid: string,
  settings: Settings,
  { atOnce, record = unrecorded }: { atOnce: boolean; record?: RecordChange }
): Promise<boolean> =>
  db.transaction().execute(async (trx) => {
    const keys = signingKeysRepository(trx)
    await keys.lock()
    const key = (await keys.list()).find((listed) => listed.kid === kid)
    if (!key) return false
    const { algorithm } = key
    if (atOnce || key.retires_at === null) await record(trx, 'key.retired', atOnce ? `${kid} at once` : kid)
    const { signing } = await lineUp(trx, algorithm, settings)
    const isInUse = algorithm === settings.signingAlgorithm
    const isOnly = isInUse && signing.every((other) => other.kid === kid)
    if (atOnce) await keys.refuse(kid)
    else if (key.retires_at === null)
      await (isOnly && key.state === 'current' ? rotate(trx, algorithm, settings, record) : keys.retire(kid))
    if (isInUse) await ensure(trx, algorithm, settings)
    return true
  })

/** After a rotation of the secret, seals what an older secret sealed with the current one, so that the older one can be removed. */
export async function resealSigningKeys(db: Kysely<Database>, { secrets }: Pick<Settings, 'secrets'>): Promise<void> {
  if (secrets.length === 1) return
  const sealing = sealSigningKeys(secrets)
  const keys = signingKeysRepository(db)
  for (const stored of await keys.findSealedOtherwise(sealing.currentId)) {
    const unsealed = sealing.unseal(stored.private_key, contextOf(stored))
    if (unsealed) await keys.reseal(stored.kid, sealing.seal(unsealed.bytes, contextOf(stored)))
  }
}
