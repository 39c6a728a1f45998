import { sql } from 'kysely'

/** Lives in seconds: of a session without use, of a session at the longest, of an access token. */
export interface Lives {
  refreshTokenTtl: number
  sessionTtl: number
  accessTokenTtl: number
}

/** Seconds by which our clock, which writes the end of access tokens, may be ahead of the database's. */
const clockSkew = 60
const seconds = (count: number) => sql<string>`make_interval(secs => ${count})`

/** When sessions and their access tokens end, by the database's clock. */
export function sessionEnds({ refreshTokenTtl, sessionTtl, accessTokenTtl }: Lives) {
  const absoluteEnd = sql<string>`sessions.created_at + ${seconds(sessionTtl)}`
  return {
    now: sql<string>`now()`,
    end: sql<string>`least(now() + ${seconds(refreshTokenTtl)}, ${absoluteEnd})`,
    // The settings may have become stricter since `expires_at` was written.
    actualEnd: sql<string>`least(sessions.expires_at, ${absoluteEnd})`,
    firstEnd: sql<string>`now() + ${seconds(Math.min(refreshTokenTtl, sessionTtl))}`,
    accessEnd: sql<string>`now() + ${seconds(accessTokenTtl + clockSkew)}`,
    secondsLeft: sql<number>`extract(epoch from sessions.expires_at - now())::float8`.as('seconds_left')
  }
}
