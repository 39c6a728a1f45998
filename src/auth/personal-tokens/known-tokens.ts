import { LRUCache } from 'lru-cache'
import { problems } from '../../http/problems.ts'
import type { Windows } from '../../redis/windows.ts'
import type { PersonalTokensRepository } from '../../repositories/personal-tokens.ts'
import { bounded } from '../../util/bounded.ts'
import type { Client } from '../client.ts'
import type { Revocations } from '../revocations/revocations.ts'
import type { OwnToken } from '../tokens/claims.ts'
import { hashOf, isWellFormed } from './token-text.ts'

/**
 * A personal access token as the token of a session that does not exist and proved nothing: whatever asks for the session or
 * for a step-up refuses it. `sessionId` is its own id, by which it is revoked.
 */
export interface PersonalToken extends OwnToken {
  scopes: readonly string[]
}

interface Known {
  token: Readonly<PersonalToken>
  until: number
}

const maxKnown = 20_000
const maxUnknown = 20_000
const minute = 60_000
/** Milliseconds. Must be much shorter than revocations are kept (migrations/0026_personal_tokens.ts). */
export const REMEMBERED_FOR = 60 * minute

interface Parts {
  revocations: Pick<Revocations, 'check' | 'onForeign'>
  /** Tokens that a client address tried, and that were not found. */
  strangers: Windows
  rateLimit: { enabled: boolean; auth: number }
  clock: () => number
}

/** Checks personal access tokens from memory: a token is looked up when it is first seen, and once an hour. */
export function createKnownTokens(tokens: Pick<PersonalTokensRepository, 'find'>, parts: Parts) {
  const { revocations, strangers, rateLimit, clock } = parts
  const known = new LRUCache<string, Known>(bounded(maxKnown))
  // Once unknown, always unknown: nobody has a token before it is stored.
  const unknown = new LRUCache<string, true>(bounded(maxUnknown))
  const asking = new Map<string, Promise<PersonalToken | undefined>>()
  revocations.onForeign((key) => {
    if (key !== undefined) return
    // The database was restored.
    known.clear()
    unknown.clear()
  })

  /** Anyone can make up well-formed tokens: each costs a query, so their number is limited by address. */
  async function look(key: string, { prefix: name }: Client): Promise<PersonalToken | undefined> {
    const max = rateLimit.enabled ? rateLimit.auth : Number.MAX_SAFE_INTEGER
    const { wait, giveBack } = await strangers.count([{ name, max, length: minute }])
    if (wait > 0) throw problems.tooManyRequests(wait / 1000)
    const until = clock() + REMEMBERED_FOR
    // A database that does not answer says nothing of the token.
    const found = await tokens.find(Buffer.from(key, 'base64url')).catch((error) => {
      giveBack()
      throw error
    })
    if (!found) {
      known.delete(key)
      unknown.set(key, true)
      return undefined
    }
    giveBack()
    const token: PersonalToken = Object.freeze({
      issuer: null,
      subject: found.user_id,
      email: found.email,
      name: undefined,
      sessionId: found.id,
      authTime: undefined,
      amr: [],
      role: 'user',
      issuedAt: found.issued_at,
      expiresAt: found.expires_at,
      scopes: found.scopes
    })
    known.set(key, { token, until })
    return token
  }

  /** Requests that come together share one look-up. */
  function lookOnce(key: string, client: Client): Promise<PersonalToken | undefined> {
    const pending = asking.get(key) ?? look(key, client).finally(() => asking.delete(key))
    asking.set(key, pending)
    return pending
  }

  async function find(text: string, client: Client): Promise<PersonalToken | undefined> {
    if (!isWellFormed(text)) return undefined
    const key = hashOf(text).toString('base64url')
    const before = known.get(key)
    if (before && clock() < before.until) return before.token
    return unknown.has(key) ? undefined : lookOnce(key, client)
  }

  return {
    /** Throws `invalid_token`, `token_expired`, `token_revoked`, and `too_many_requests` for too many unknown tokens. */
    async verify(text: string, client: Client): Promise<PersonalToken> {
      const token = await find(text, client)
      if (!token) throw problems.invalidToken('unknown personal access token')
      if (token.expiresAt <= clock() / 1000) throw problems.tokenExpired()
      await revocations.check(token)
      return token
    }
  }
}
