import { createAuth } from '../auth/auth.ts'
import type { AccessToken } from '../auth/tokens/claims.ts'
import { type Jws, parseJws } from '../auth/tokens/jws.ts'
import { openSecretKeys } from '../auth/tokens/secret-keys.ts'
import type { Config } from '../config/config.ts'
import { openDatabase } from '../database/connection.ts'
import { databaseExists } from '../database/inspect.ts'
import { Problem, problems } from '../http/problems.ts'
import { createLog } from '../logging/log.ts'
import type { Product } from '../product/product.ts'
import { usersRepository } from '../repositories/users.ts'
import { explain } from './explain.ts'
import { type Finding, quote, span } from './findings.ts'
import { checkMail } from './mail-checks.ts'
import { explainShape } from './shapes.ts'
import { checkSigningKeys } from './signing-checks.ts'
import { checkDatabase, checkIssuer, checkSettings } from './surroundings.ts'

const log = createLog('silent')

type Migrated = Pick<Product, 'migrations'>

/** Opens the parts of the service that a diagnosis needs, read-only. `clock` gives milliseconds since 1970. */
function open(config: Config, clock: () => number) {
  const db = openDatabase(config, log)
  const { verify, revocations, signingKeys, stop } = createAuth(config, db, {
    jwt: openSecretKeys(config.secrets),
    log,
    clock
  })
  async function close(): Promise<void> {
    await stop()
    await db.destroy()
  }
  return { db, verify, revocations, signingKeys, clock, close }
}

/** Checks a valid token against the database. Throws `token_revoked`. */
async function checkStanding(
  token: AccessToken,
  config: Config,
  { db, revocations }: ReturnType<typeof open>,
  product: Migrated
): Promise<Finding> {
  const unknown = (why: string) => ({ ok: undefined, text: `It could not be checked whether it was revoked. ${why}` })
  const database = await checkDatabase(db, config, product)
  if (!database.ok) return unknown(database.text)
  try {
    const user = token.issuer !== null && (await usersRepository(db).findForeign(token.issuer, token.subject))
    // First, because disabling an account also revokes its tokens.
    if (user && !user.is_active) throw problems.tokenRevoked('deactivated')
    await revocations.check(token)
    const isNew = user === undefined ? ' Its user is new: the first request creates the account.' : ''
    return { ok: true, text: `Not revoked.${isNew}` }
  } catch (error) {
    if (error instanceof Problem && error.status === 401) throw error
    return unknown(`Database: ${(error as Error).message}`)
  }
}

/** Parses a token including its claims, or returns why it cannot be parsed. */
function read(token: string): { jws: Jws | undefined; shape: string } {
  try {
    const jws = parseJws(token)
    return { jws: jws.claims && jws, shape: '' }
  } catch (error) {
    return { jws: undefined, shape: String((error as Problem).reason) }
  }
}

async function explainRefusal(
  token: string,
  config: Config,
  { code, status, reason = '' }: Problem,
  now: number
): Promise<Finding[]> {
  const { jws, shape } = read(token)
  if (status === 503) {
    const without = config.issuers.filter(({ issuer }) => issuer === jws?.claims.iss)
    const text = `Unknown: the service has no keys to verify it (503 ${code}).`
    return [{ ok: false, text }, ...(await Promise.all(without.map(checkIssuer)))]
  }
  const { broken, change } = jws ? explain(reason, { jws, config, now }) : explainShape(token, shape)
  return [{ ok: false, text: `Refused (${status} ${code}): ${broken}.`, advice: change }]
}

async function judge(
  token: string,
  config: Config,
  service: ReturnType<typeof open>,
  product: Migrated
): Promise<Finding[]> {
  const { verify, clock } = service
  try {
    const who = await verify(token)
    if (!who) throw problems.invalidToken('signature')
    const standing = await checkStanding(who, config, service, product)
    const whose =
      who.issuer === null ? `user ${who.subject} of this service` : `user ${quote(who.subject)} of ${quote(who.issuer)}`
    const left = span(who.expiresAt - clock() / 1000)
    return [{ ok: true, text: `Accepted: it is valid for ${whose} (${quote(who.email)}), for ${left} more.` }, standing]
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return explainRefusal(token, config, error, clock() / 1000)
  }
}

/** Checks whether the service would accept a token now. */
export async function examineToken(
  text: string,
  config: Config,
  product: Migrated,
  clock: () => number
): Promise<Finding[]> {
  const token = text.trim().replace(/^(authorization: *)?bearer +/i, '')
  const service = open(config, clock)
  // Without the database the service cannot tell which tokens it signs; what it can tell is said all the same.
  if (config.signingAlgorithm !== 'HS256' && databaseExists(config)) await service.signingKeys.load().catch(() => {})
  return judge(token, config, service, product).finally(service.close)
}

/** Checks settings, database, mail server, issuers and signing keys. */
export async function examineSurroundings(config: Config, product: Migrated): Promise<Finding[]> {
  const db = openDatabase(config, log)
  const findings = [
    checkSettings(config),
    checkDatabase(db, config, product),
    checkMail(config),
    ...config.issuers.map(checkIssuer)
  ]
  return Promise.all(findings)
    .then(async (found) => [...found, ...(await checkSigningKeys(db, config))])
    .finally(() => db.destroy())
}
