import { createHmac, randomBytes } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Test } from 'tap'
import { proveLine, provePath } from '../../packages/gatehouse/src/gate.ts'
import type { Profile } from '../../packages/gatehouse/src/profiles.ts'
import { segment } from './mint.ts'

export const proveToken = '0123456789abcdef0123456789abcdef'

/** What a service may do wrong, by the id of the check that finds it. */
export type Fault = string

interface User {
  id: number
  email: string
  password: string
}

interface Note {
  id: number
  owner: number
  text: string
}

const problem = (reply: FastifyReply, status: number, more: object = {}) =>
  reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify({ status, title: 'Refused', ...more }))

const noteSchema = {
  type: 'object',
  required: ['text'],
  additionalProperties: false,
  properties: { text: { type: 'string', maxLength: 1000, pattern: '^[^\\u0000\\ud800-\\udfff]*$' } }
}
const body = { content: { 'application/json': { schema: noteSchema } } }
const id = [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }]
const security = [{ bearer: [] }]
const document = {
  openapi: '3.1.0',
  paths: {
    '/me': { get: { security } },
    '/notes': { get: { security }, post: { security, requestBody: body } },
    '/notes/{id}': {
      get: { security, parameters: id },
      put: { security, parameters: id, requestBody: body },
      delete: { security, parameters: id }
    },
    '/admin/users': { get: { security } },
    '/sign-in': { post: { requestBody: body } }
  }
}

export const notesProfile: Profile = {
  openapi: '/openapi.json',
  signUp: { path: '/sign-up', body: { email: '{email}', password: '{password}' } },
  signIn: { path: '/sign-in', body: { email: '{email}', password: '{password}' } },
  signOut: { method: 'POST', path: '/sign-out' },
  deleteAccount: { method: 'POST', path: '/delete-account' },
  forgot: { path: '/forgot', body: { email: '{email}' } },
  me: { path: '/me' },
  refresh: { path: '/refresh', body: { refresh_token: '{refresh_token}' } },
  credential: { token: 'token' },
  refreshToken: 'refresh_token',
  userId: 'user.id',
  jwks: '/jwks.json',
  metadata: '/metadata',
  problems: true
}

/** A small service with accounts and notes. It is sound, except for the faults. */
export function notesService(...faults: Fault[]): FastifyInstance {
  const has = (fault: Fault) => faults.includes(fault)
  const app = Fastify({
    bodyLimit: has('limits.body') ? 16 * 1024 * 1024 : 64 * 1024,
    routerOptions: { maxParamLength: 5000 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    frameworkErrors: (_error, _request, reply) => void problem(reply, 400)
  })
  const secret = has('tokens.weakSecret') ? 'supersecret' : randomBytes(32).toString('hex')
  const users = new Map<string, User>()
  const notes = new Map<number, Note>()
  const ended = new Set<string>()
  /** The session of each refresh token; and of each session its newest token, if it has not ended. */
  const sessionOf = new Map<string, string>()
  const newest = new Map<string, string>()
  const wrong = new Map<string, number>()
  let last = 0
  // The same in each token, also when the second changes.
  const start = Math.floor(Date.now() / 1000)

  const sign = (text: string) => createHmac('sha256', secret).update(text).digest('base64url')
  function tokenOf(user: User): string {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      sub: String(user.id),
      jti: has('sessions.new') ? '1' : randomBytes(8).toString('hex'),
      iat: has('sessions.new') ? 0 : now,
      ...(!has('tokens.lifetime') && { exp: (has('sessions.new') ? start : now) + 3600 }),
      ...(has('tokens.contents') && { password_hash: 'x' })
    }
    const text = `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment(claims)}`
    return `${text}.${sign(text)}`
  }

  function refreshTokenOf(session: string): string {
    const token = randomBytes(16).toString('hex')
    sessionOf.set(token, session)
    newest.set(session, token)
    return token
  }

  function verified(token: string): User | undefined {
    const [header = '', payload = '', signature = '', ...more] = token.split('.')
    if (has('tokens.answer') && payload === '') throw new Error('no payload')
    const isNone = has('tokens.refused') && /none/i.test(Buffer.from(header, 'base64url').toString())
    const isSigned = has('tokens.spelling')
      ? Buffer.from(sign(`${header}.${payload}`), 'base64url').equals(Buffer.from(signature, 'base64url'))
      : sign(`${header}.${payload}`) === signature
    if ((!isNone && !isSigned) || more.length > 0 || ended.has(token)) return undefined
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return (
      [...users.values()].find(({ id }) => String(id) === sub) ??
      (has('sessions.deleted') ? { id: Number(sub), email: '', password: '' } : undefined)
    )
  }

  function userOf(request: FastifyRequest): User | undefined {
    const given = request.raw.headersDistinct.authorization ?? []
    if (given.length > 1 && !has('credentials.twoHeaders')) return undefined
    const query = request.query as Record<string, string>
    const text = given[0] ?? (has('credentials.query') && query.access_token ? `Bearer ${query.access_token}` : '')
    const pattern = has('credentials.scheme')
      ? /^Bearer ([^\s,"]+)$/
      : has('credentials.forms')
        ? /^(?:Bearer|Token) ([^\s,"]+)$/i
        : /^Bearer ([^\s,"]+)$/i
    const [, token] = pattern.exec(text) ?? []
    return token === undefined ? undefined : verified(token)
  }
  const tokenIn = (request: FastifyRequest) => (request.headers.authorization ?? '').slice(7)

  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error.statusCode ?? 500
    if (has('errors.problem') && status === 400) return reply.code(400).type('text/plain; charset=utf-8').send('Bad')
    problem(reply, status, has('errors.leaks') ? { stack: error.stack } : {})
  })
  app.setNotFoundHandler((request, reply) =>
    problem(reply, 404, has('headers.forwarded') ? { host: request.headers['x-forwarded-host'] } : {})
  )
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      ...(!has('headers.nosniff') && { 'x-content-type-options': 'nosniff' }),
      ...(!has('headers.cache') && { 'cache-control': 'no-store' }),
      ...(has('headers.version') && { server: 'nginx/1.2.3' }),
      ...(has('cors.reflection') &&
        request.headers.origin && {
          'access-control-allow-origin': request.headers.origin,
          'access-control-allow-credentials': 'true'
        }),
      ...(has('cors.any') && { 'access-control-allow-origin': '*' })
    })
  })
  if (has('errors.accepted'))
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, _body, done) => done(null, { text: 'x' }))
  if (has('headers.trace')) {
    app.addHttpMethod('TRACE', { overrideExisting: true })
    app.route({ method: 'TRACE' as 'GET', url: '/', handler: async () => 'x' })
  }

  app.get(provePath, (_request, reply) => reply.type('text/plain; charset=utf-8').send(`${proveLine(proveToken)}\n`))
  app.get('/openapi.json', async () => document)
  app.get('/', (_request, reply) => {
    const policy = [
      ...(has('headers.csp') ? [] : ["default-src 'none'"]),
      ...(has('headers.framing') ? [] : ["frame-ancestors 'none'"])
    ].join(';')
    reply
      .type(has('headers.type') ? 'text/html' : 'text/html; charset=utf-8')
      .headers({
        ...(policy && { 'content-security-policy': policy }),
        ...(!has('headers.referrer') && { 'referrer-policy': 'no-referrer' })
      })
      .send('<!doctype html>')
  })
  app.get('/jwks.json', async () => ({ keys: has('keys.set') ? [{ kty: 'oct', k: 'AAAA', kid: '1' }] : [] }))
  app.get('/metadata', async (request) => {
    const own = `http://${request.host}`
    return { issuer: own, jwks_uri: has('keys.metadata') ? 'https://elsewhere.example/jwks' : `${own}/jwks.json` }
  })

  const credentials = {
    type: 'object',
    required: ['email', 'password'],
    properties: { email: { type: 'string' }, password: { type: 'string' } }
  }
  const strict = { schema: { body: credentials } }
  function answerWith(user: User, more: object = {}) {
    const token = tokenOf(user)
    return { token, refresh_token: refreshTokenOf(token), user: { id: user.id, email: user.email, ...more } }
  }

  app.post<{ Body: User & { role?: string } }>('/sign-up', strict, (request, reply) => {
    const { email, password, role } = request.body
    if (/^(password|qwerty)/i.test(password) && !has('passwords.common')) return problem(reply, 400)
    if (password.length > 32 && has('passwords.long')) return problem(reply, 400)
    last += 1
    const user = { id: last, email, password }
    users.set(email, user)
    reply.code(201).send(answerWith(user, has('isolation.assignment') ? { role } : {}))
  })
  app.post<{ Body: User }>('/sign-in', strict, (request, reply) => {
    const { email, password } = request.body
    const user = users.get(email)
    const count = wrong.get(email) ?? 0
    if (count >= 10 && !has('limits.guessing'))
      return problem(has('limits.retryAfter') ? reply : reply.header('retry-after', '60'), 429)
    if (user?.password === password) return reply.send(answerWith(user))
    wrong.set(email, count + 1)
    problem(reply, 401, has('passwords.answer') && user ? { title: 'Wrong password' } : {})
  })
  app.post<{ Body: { refresh_token?: string } }>('/refresh', (request, reply) => {
    const given = request.body?.refresh_token ?? ''
    const session = sessionOf.get(given)
    const user = session === undefined ? undefined : verified(session)
    const current = session === undefined ? undefined : newest.get(session)
    if (session === undefined || current === undefined || (current !== given && !has('sessions.reuse'))) {
      if (session !== undefined && !has('sessions.theft')) newest.delete(session)
      return problem(reply, 401)
    }
    if (!user && !has('sessions.refresh')) return problem(reply, 401)
    reply.send({
      token: user ? tokenOf(user) : session,
      refresh_token: has('sessions.rotation') ? given : refreshTokenOf(session)
    })
  })
  app.post<{ Body: { email: string } }>(
    '/forgot',
    { schema: { body: { type: 'object', required: ['email'] } } },
    (request, reply) => {
      if (has('recovery.known') && !users.has(request.body.email)) return problem(reply, 404)
      reply
        .code(202)
        .send({ message: 'sent', ...(has('recovery.host') && { link: `https://${request.headers.host}/reset` }) })
    }
  )

  app.register(async (scope) => {
    scope.decorateRequest('user')
    scope.addHook('onRequest', async (request, reply) => {
      const isOpen =
        (has('protected.open') && request.url === '/notes' && request.method === 'GET') ||
        (has('protected.paths') && request.url.endsWith(';a=b'))
      const user = userOf(request) ?? (isOpen ? [...users.values()][0] : undefined)
      if (!user)
        return problem(
          has('tokens.challenge') ? reply : reply.header('www-authenticate', 'Bearer'),
          has('protected.first') && request.method === 'PUT' ? 403 : 401
        )
      request.setDecorator('user', user)
    })
    const me = (request: FastifyRequest) => request.getDecorator<User>('user')
    const mine = (request: FastifyRequest, mayCross: boolean) => {
      const note = notes.get(Number((request.params as { id: string }).id))
      return note && (mayCross || note.owner === me(request).id) ? note : undefined
    }
    const missing = (reply: FastifyReply) => problem(reply, 404)
    const withNote = { schema: { body: noteSchema } }

    scope.get('/me', async (request) => ({ id: me(request).id }))
    if (has('protected.paths')) scope.get('/me;a=b', async (request) => ({ id: me(request).id }))
    scope.post('/sign-out', async (request, reply) => {
      if (!has('sessions.signOut')) ended.add(tokenIn(request))
      if (!has('sessions.refresh')) newest.delete(tokenIn(request))
      return reply.code(204).send()
    })
    scope.post('/delete-account', async (request, reply) => {
      users.delete(me(request).email)
      return reply.code(204).send()
    })
    scope.get('/notes', async (request) => {
      if (has('errors.server') && request.url.includes('cursor')) throw new Error('no cursor')
      return { items: [...notes.values()].filter(({ owner }) => has('isolation.list') || owner === me(request).id) }
    })
    scope.post<{ Body: Note }>('/notes', withNote, async (request, reply) => {
      last += 1
      const note = { id: last, owner: me(request).id, text: request.body.text }
      notes.set(note.id, note)
      return reply.code(201).send(note)
    })
    scope.get('/notes/:id', async (request, reply) => {
      const exists = notes.has(Number((request.params as { id: string }).id))
      const note = mine(request, has('isolation.read'))
      if (has('isolation.exists') && exists && !note) return problem(reply, 403)
      return note ?? missing(reply)
    })
    scope.put<{ Body: Note }>('/notes/:id', withNote, async (request, reply) => {
      const note = mine(request, has('isolation.write'))
      return note ? Object.assign(note, { text: request.body.text }) : missing(reply)
    })
    scope.delete('/notes/:id', async (request, reply) => {
      const note = mine(request, has('isolation.write'))
      if (!note) return missing(reply)
      notes.delete(note.id)
      return reply.code(204).send()
    })
    scope.get('/admin/users', async (_request, reply) => (has('isolation.admin') ? { items: [] } : problem(reply, 403)))
  })
  return app
}

/** Starts the service until the test ends. Returns its URL. */
export async function startNotes(t: Test, ...faults: Fault[]): Promise<string> {
  const app = notesService(...faults)
  t.teardown(() => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}
