import { sql } from 'kysely'

/** Lifetimes in seconds: idle timeout and absolute timeout of a session, and lifetime of an access token. */
export interface Lives {
  refreshTokenTtl: number
  sessionTtl: number
  accessTokenTtl: number
}

/** Seconds that our clock, which sets the expiry of access tokens, may be ahead of the database's. */
const clockSkew = 60
const seconds = (count: number) => sql<string>`make_interval(secs => ${count})`

export function sessionEnds({ refreshTokenTtl, sessionTtl, accessTokenTtl }: Lives) {
  const absoluteEnd = sql<string>`sessions.created_at + ${seconds(sessionTtl)}`
  return {
    now: sql<string>`now()`,
    end: sql<string>`least(now() + ${seconds(refreshTokenTtl)}, ${absoluteEnd})`,
    // `expires_at` may have been written under longer timeouts.
    actualEnd: sql<string>`least(sessions.expires_at, ${absoluteEnd})`,
    firstEnd: sql<string>`now() + ${seconds(Math.min(refreshTokenTtl, sessionTtl))}`,
    accessEnd: sql<string>`now() + ${seconds(accessTokenTtl + clockSkew)}`,
    secondsLeft: sql<number>`extract(epoch from sessions.expires_at - now())::float8`.as('seconds_left')
  }
}
