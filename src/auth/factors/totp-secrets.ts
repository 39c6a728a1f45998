import type { Kysely } from 'kysely'
import { NIL } from 'uuid'
import type { Secret } from '../../config/secrets.ts'
import type { Database } from '../../database/tables.ts'
import { factorsRepository } from '../../repositories/factors.ts'
import { createSealing } from '../sealing.ts'

/** How the secrets of authenticator apps are stored. */
export const sealTotpSecrets = (secrets: readonly Secret[]) => createSealing(secrets, 'totp')

/** After a rotation, seals what an older secret sealed with the current one, so that the older one can be removed. */
export async function resealTotpSecrets(db: Kysely<Database>, secrets: readonly Secret[], batch = 500): Promise<void> {
  if (secrets.length === 1) return
  const sealing = sealTotpSecrets(secrets)
  const factors = factorsRepository(db)
  let last: string | undefined = NIL
  while (last !== undefined) {
    const rows = await factors.findSealedOtherwise(sealing.currentId, last, batch)
    for (const { user_id, secret } of rows) {
      const unsealed = sealing.unseal(secret, user_id)
      if (unsealed) await factors.replaceSecret(user_id, secret, sealing.seal(unsealed.bytes, user_id))
    }
    last = rows.at(-1)?.user_id
  }
}
