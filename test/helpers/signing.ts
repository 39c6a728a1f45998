import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Test } from 'tap'
import { contextOf, type SigningAlgorithm, sealSigningKeys } from '../../src/auth/keys/key-pairs.ts'
import type { Config } from '../../src/config/config.ts'
import type { Database } from '../../src/database/tables.ts'
import { type Options, startApp } from './app.ts'
import { segment } from './mint.ts'

/** Moves the keys into the past, as if that many minutes had passed. */
export const age = (db: Kysely<Database>, minutes: number) =>
  sql`update signing_keys set created_at = created_at - make_interval(mins => ${minutes}),
    signs_from = signs_from - make_interval(mins => ${minutes}),
    retires_at = retires_at - make_interval(mins => ${minutes})`.execute(db)

/** Ends the time in which our tokens under the shared secret are accepted. */
export const endChangeOver = (db: Kysely<Database>) =>
  sql`update shared_secret_use set accepted_until = now() - interval '1 second'`.execute(db)

/** A service that signs with a key of this algorithm. */
export async function startSigning(t: Test, algorithm: SigningAlgorithm, options: Options = {}) {
  const started = await startApp(t, {
    ...options,
    settings: { SIGNING_ALGORITHM: algorithm, ...options.settings }
  })
  const { db, signingKeys } = started.app
  await age(db, 11)
  await signingKeys.load()
  return started
}

/** The header of a token. */
export const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())

/** The private key of a kid, to sign what the service would not. */
export async function privateKeyOf(db: Kysely<Database>, { secrets }: Config, kid: string): Promise<KeyObject> {
  const row = await db.selectFrom('signing_keys').selectAll().where('kid', '=', kid).executeTakeFirstOrThrow()
  const der = sealSigningKeys(secrets).unseal(row.private_key, contextOf(row))?.bytes ?? Buffer.alloc(0)
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

const half = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n

/** Signs anything with a private key, in the one spelling that is accepted. */
export function signPart(header: object, claims: object, key: KeyObject): string {
  const text = `${segment({ ...header })}.${segment({ ...claims })}`
  const isEdwards = key.asymmetricKeyType !== 'ec'
  for (;;) {
    const signature = sign(isEdwards ? null : 'sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
    if (isEdwards || BigInt(`0x${signature.toString('hex', 32)}`) <= half)
      return `${text}.${signature.toString('base64url')}`
  }
}
