import type { Kysely } from 'kysely'
import { createSealer } from '../audit/sealing.ts'
import type { Config } from '../config/config.ts'
import { listen } from '../database/listener.ts'
import type { Database } from '../database/tables.ts'
import { createMail } from '../mail/mail.ts'
import type { Transport } from '../mail/transport.ts'
import type { Product } from '../product/product.ts'
import type { SharedCounts } from '../redis/redis.ts'
import { createWindows } from '../redis/windows.ts'
import { revocationsRepository } from '../repositories/revocations.ts'
import { securityEventsRepository } from '../repositories/security-events.ts'
import { usersRepository } from '../repositories/users.ts'
import { andThen } from '../util/and-then.ts'
import { createAccounts } from './accounts.ts'
import { createEmailChanges } from './email-changes.ts'
import { createChallenges } from './factors/challenges.ts'
import { createCodes } from './factors/codes.ts'
import { createFactors } from './factors/factors.ts'
import { createPasskeyChallenges } from './factors/passkey-challenges.ts'
import { createPasskeys } from './factors/passkeys.ts'
import { createStepUp } from './factors/step-up.ts'
import { sealTotpSecrets } from './factors/totp-secrets.ts'
import { createForeignUsers } from './foreign-users.ts'
import { createSigningKeys } from './keys/signing-keys.ts'
import { readHashKinds } from './passwords/hash-kinds.ts'
import { createPasswords } from './passwords/passwords.ts'
import { createPersonalTokens } from './personal-tokens/personal-tokens.ts'
import { createRecovery } from './recovery.ts'
import { type Announcements, createRevocations } from './revocations/revocations.ts'
import { createSecurityLog } from './security-log.ts'
import { createSessions } from './sessions.ts'
import { createChangeLimit } from './throttle/changes.ts'
import { createThrottle, maxEntries } from './throttle/throttle.ts'
import { createAccessTokens, type SecretKeys } from './tokens/access-tokens.ts'
import type { AccessToken } from './tokens/claims.ts'
import { createIssuer } from './tokens/issuers.ts'
import { createRefreshTokens } from './tokens/refresh-tokens.ts'
import { createVerifier } from './tokens/verifier.ts'
import { createVerification } from './verification.ts'

/** Client addresses whose requests for mail are counted, and users whose changes are. */
const maxMailEntries = 50_000
const maxChangeEntries = 50_000

interface Log {
  info: (details: object, message: string) => void
  warn: (details: object, message: string) => void
}

interface Surroundings {
  /** What the product adds to accounts. */
  product?: Pick<Product, 'scopes' | 'erase'>
  jwt: SecretKeys
  /** For reads that tolerate a replica. */
  reads?: Kysely<Database>
  own?: Kysely<Database>
  shared?: SharedCounts | undefined
  /** Replaces the mail server. */
  transport?: (() => Promise<Transport>) | undefined
  log: Log
  clock: () => number
}

export interface User {
  id: string
  email: string
  token: AccessToken
}

export function createAuth(
  config: Config,
  db: Kysely<Database>,
  { product = {}, jwt, reads = db, own = db, shared, transport, log, clock }: Surroundings
) {
  const { directUrl } = config
  // The embedded database serves one process, so there are no announcements.
  const announcements: Announcements | undefined =
    directUrl === undefined
      ? undefined
      : ({ onMessage, onListening }) =>
          listen(directUrl, {
            channel: 'gatehouse_revocations',
            log,
            onMessage(payload) {
              if (!signingKeys.hears(payload)) onMessage(payload)
            },
            onListening() {
              onListening()
              void signingKeys.reload()
            }
          })
  const signingKeys = createSigningKeys(own, config, { log })
  const revocations = createRevocations(revocationsRepository(own), { ...config, announcements }, { clock })
  revocations.onForeign(signingKeys.revoke)
  const sealer = createSealer(db, log)
  const securityLog = createSecurityLog(securityEventsRepository(db), log, clock, sealer.wake)
  const mail = createMail(config, db, { securityLog, log, transport })
  const tokens = createAccessTokens(config, jwt, clock, signingKeys)
  const sessions = createSessions(
    db,
    { ...config, verifiedOnly: config.emailVerification === 'required' },
    {
      reads,
      tokens,
      refreshTokens: createRefreshTokens(config.secrets),
      revocations,
      log: securityLog,
      clock
    }
  )
  const passwords = createPasswords({ ...config, readKinds: () => readHashKinds(db) })
  const throttle = createThrottle(config.rateLimit, createWindows(shared, { kind: 'throttle', maxEntries, clock }))
  const limitChanges = createChangeLimit(
    config.rateLimit,
    createWindows(shared, { kind: 'changes', maxEntries: maxChangeEntries, clock })
  )
  const sealing = sealTotpSecrets(config.secrets)
  const codes = createCodes({ sealing, throttle, log: securityLog, mail, clock })
  const factors = createFactors(db, {
    codes,
    sealing,
    sessions,
    revocations,
    log: securityLog,
    mail,
    limitChanges,
    appName: config.appName,
    clock
  })
  const passkeys = createPasskeys(db, {
    settings: config.passkeys,
    challenges: createPasskeyChallenges(config.secrets, clock),
    ...{ factors, sessions, revocations, log: securityLog, mail, limitChanges }
  })
  const stepUps = createStepUp(db, { passwords, codes, passkeys, sessions, throttle, log: securityLog, mail, clock })
  const challenges = createChallenges(db, { codes, sessions, revocations, log: securityLog, mail })
  const recovery = createRecovery(db, {
    passwords,
    sessions,
    revocations,
    log: securityLog,
    mail,
    windows: createWindows(shared, { kind: 'mail', maxEntries: maxMailEntries, clock }),
    rateLimit: config.rateLimit
  })
  const verification = createVerification(db, { log: securityLog, mail, countRequest: recovery.countRequest })
  const accounts = createAccounts(db, {
    passwords,
    sessions,
    revocations,
    throttle,
    challenges,
    log: securityLog,
    mail,
    countRequest: recovery.countRequest,
    limitChanges,
    settings: config,
    erase: product.erase,
    clock
  })
  const emailChanges = createEmailChanges(db, {
    sessions,
    revocations,
    log: securityLog,
    mail,
    countRequest: recovery.countRequest,
    limitChanges
  })
  const personalTokens = createPersonalTokens(db, {
    sessions,
    revocations,
    log: securityLog,
    mail,
    limitChanges,
    shared,
    scopes: product.scopes ?? [],
    rateLimit: config.rateLimit,
    clock
  })
  const issuers = config.issuers.map((trusted) => [trusted.issuer, createIssuer(trusted, log, { clock })] as const)
  const verify = createVerifier(tokens, new Map(issuers), clock)
  const foreignUsers = createForeignUsers(usersRepository(db), revocations, clock)

  function userOf(token: AccessToken | undefined): User | undefined | Promise<User> {
    if (!token) return undefined
    const { email } = token
    if (token.issuer === null) return { id: token.subject, email, token }
    return andThen(foreignUsers.identify(token), (id) => ({ id, email, token }))
  }

  /**
   * Returns the user of an access token, as a promise only if a query or a fetch is needed, and undefined where verify returns
   * that. Throws what check and verify do.
   */
  const identify = (text: string): User | undefined | Promise<User | undefined> =>
    andThen(verify(text), (token) => {
      const checked = token && revocations.check(token)
      if (!(checked instanceof Promise)) return userOf(token)
      // The revocations had to be read first, and one of them may be that of the key.
      return checked.then(() => andThen(verify(text), userOf))
    })

  async function stop(): Promise<void> {
    revocations.stop()
    await signingKeys.stop()
    await sessions.stop()
    await personalTokens.writeUses()
    await securityLog.storeRepeated()
    await sealer.stop()
  }
  return {
    ...{
      accounts,
      recovery,
      verification,
      emailChanges,
      stepUps,
      factors,
      challenges,
      codes,
      passkeys,
      personalTokens,
      sessions,
      verify,
      identify,
      revocations,
      signingKeys,
      stop,
      passwords,
      mail
    },
    securityLog,
    securityEvents: securityLog.counts
  }
}

export type Auth = ReturnType<typeof createAuth>
