import { test } from 'tap'
import { parseJws } from '../../../src/auth/tokens/jws.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { accessTokens } from '../../helpers/access-tokens.ts'
import { secret } from '../../helpers/app.ts'
import { bridgeToken } from '../../helpers/mint.ts'

const tokens = await accessTokens(loadConfig({ BETTER_AUTH_SECRET: secret }))
const verify = (claims: Record<string, unknown>, header = {}) => tokens.verify(parseJws(bridgeToken(claims, header)))
const nobody = { sub: undefined, email: undefined }
const ann = { id: 'aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD', email: 'Ann@example.com' }
const whose = { issuer: 'better-auth', subject: ann.id, email: 'ann@example.com' }

test('a token of the shared secret names its user by sub, by user_id, or by user with id and email', async (t) => {
  t.match(verify({ sub: ann.id }), whose)
  t.match(verify({ sub: undefined, user_id: ann.id }), whose)
  t.match(verify({ ...nobody, user: ann }), whose)
  t.match(verify({ ...nobody, user: { ...ann, name: 'Ann', role: ['x'] } }), whose)
  t.match(verify({ sub: undefined, user: ann }), whose, 'with the same email beside')
  t.match(verify({ sub: ann.id, user_id: ann.id, user: ann }), whose, 'all the same')
  t.match(verify({ user: { ...ann, email: 'other@example.com' } }), whose, 'an email beside that of sub')
  for (const typ of ['jwt', 'JWT', 'application/jwt']) t.match(verify({}, { typ }), whose)
})

const refused: Record<string, [claims: Record<string, unknown>, reason: string]> = {
  'sub and user_id': [{ user_id: 'eve' }, 'two subjects'],
  'sub and user.id': [{ user: { id: 'eve', email: 'ann@example.com' } }, 'two subjects'],
  'user_id and user.id': [{ sub: undefined, user_id: 'eve', user: ann }, 'two subjects'],
  'emails of user and token': [{ sub: undefined, email: 'eve@example.com', user: ann }, 'two emails'],
  'sub null beside user': [{ sub: null, user: ann }, 'no sub'],
  'sub empty beside user': [{ sub: '', user: ann }, 'no sub'],
  'user_id null beside user': [{ sub: undefined, user_id: null, user: ann }, 'no user_id'],
  'user without id': [{ ...nobody, user: { email: ann.email } }, 'no user_id'],
  'user with a number': [{ ...nobody, user: { ...ann, id: 7 } }, 'no user_id'],
  'user with an empty id': [{ ...nobody, user: { ...ann, id: '' } }, 'no id'],
  'user with a blank id': [{ ...nobody, user: { ...ann, id: 'a b' } }, 'subject'],
  'user with U+0000': [{ ...nobody, user: { ...ann, id: 'a\0b' } }, 'subject'],
  'user without email': [{ sub: undefined, user: { id: ann.id } }, 'no email'],
  'user with no address': [{ ...nobody, user: { id: ann.id, email: 'ann' } }, 'no address in email'],
  'user a list': [{ ...nobody, user: [ann] }, 'no user_id'],
  'user a text': [{ ...nobody, user: ann.id }, 'no user_id'],
  'user null': [{ ...nobody, user: null }, 'no user_id'],
  'a cookie cache': [{ ...nobody, session: { id: 'x', userId: ann.id }, user: ann }, 'not a login'],
  'a cookie cache of version 1': [{ ...nobody, session: {}, user: ann, updatedAt: 1, version: '1' }, 'not a login'],
  'a session that is null': [{ ...nobody, session: null, user: ann }, 'not a login'],
  'a mail link to change an address': [{ ...nobody, user: ann, updateTo: 'eve@example.com' }, 'not a login'],
  'a mail link of a kind': [{ ...nobody, user: ann, requestType: 'change-email-verification' }, 'not a login'],
  'a mail link with userId': [{ sub: undefined, userId: ann.id }, 'no user_id']
}
for (const [name, [claims, reason]] of Object.entries(refused))
  test(`a token of the shared secret is refused: ${name}`, async (t) => {
    t.throws(() => verify(claims), { status: 401, code: 'invalid_token', reason })
  })
