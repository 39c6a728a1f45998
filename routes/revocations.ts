import { answer } from '../schemas/answers.ts'
import { ref } from '../schemas/common.ts'
import { type Revocation, RevocationPage, RevocationQuery } from '../schemas/revocations.ts'
import { createRevocationFeed } from '../src/auth/revocations/revocation-feed.ts'
import { ALWAYS } from '../src/auth/revocations/revocation-table.ts'
import type { Cursors } from '../src/http/cursors.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'
import { type FeedPosition, type FeedRow, revocationFeedRepository } from '../src/repositories/revocation-feed.ts'

const list = {
  operationId: 'listRevocations',
  tags: ['revocations'],
  scope: 'revocations:read' as const,
  summary: 'Read what was revoked after a cursor, and wait for it',
  description:
    'For services that verify access tokens themselves. Begin without `after`. Then send each `cursor` as `after`: the response comes as ' +
    'soon as something is revoked, or after `wait` seconds without items. Nothing is skipped. If the database was restored, the ' +
    'response begins again with all revocations. 503: too many readers wait.',
  querystring: RevocationQuery,
  response: { 200: answer('What was revoked', ref(RevocationPage)) }
}

const scope = 'revocations'

const itemOf = ({ key, kind, cutoff, expires }: FeedRow): Revocation => ({
  kind: kind ?? (cutoff === ALWAYS ? 'session' : 'other'),
  id: key,
  issued_until: cutoff === ALWAYS ? null : cutoff,
  expires_at: new Date(expires * 1000).toISOString()
})

export const revocationRoutes: Routes<{ cursors: Cursors }> = async function revocationRoutes(app, { cursors }) {
  const feed = createRevocationFeed(revocationFeedRepository(app.db), app.revocations)
  app.addHook('preClose', async () => feed.close())

  app.get('', { schema: list, config: { turn: 'none' } }, async ({ user, query: { after, wait } }, reply) => {
    // The scope limits personal access tokens only: a session has none, and anyone can sign up.
    if (!('scopes' in user.token)) throw problems.forbidden('no personal access token')
    const position = after === undefined ? {} : cursors.open<FeedPosition>(scope, after, '/after')
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const page = await feed.read(position, wait * 1000, gone.signal)
    // The token may have ended meanwhile.
    await app.revocations.check(user.token)
    return { items: page.rows.map(itemOf), cursor: cursors.seal(scope, page.position), has_more: page.isMore }
  })
}
