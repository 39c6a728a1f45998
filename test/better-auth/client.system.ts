import { setImmediate } from 'node:timers/promises'
import { createAuthClient } from 'better-auth/client'
import { jwtClient } from 'better-auth/client/plugins'
import { parseSetCookie } from 'cookie'
import t, { test } from 'tap'
import { createGatehouse, createUserApi } from '../../web/client/src/better-auth.ts'
import { password, startApp } from '../helpers/app.ts'
import { betterAuthServers } from '../helpers/better-auth.ts'
import { injected } from '../helpers/injected.ts'

const server = await (await betterAuthServers(t))()
const { app } = await startApp(t, { settings: { BETTER_AUTH_URL: server.url } })
const gatehouse = injected(app)
const baseUrl = 'https://api.example.com'
const world = { wait: () => setImmediate() }

/** A browser with Better Auth's own client, and the adapter with it. */
function open() {
  const cookies = new Map<string, string>()
  const down = { betterAuth: false, gatehouse: false }
  const sent: Request[] = []

  async function customFetchImpl(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    if (down.betterAuth) throw new TypeError('fetch failed')
    const headers = new Headers(init?.headers)
    headers.set('origin', server.url)
    headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '))
    const answer = await fetch(input, { ...init, headers })
    for (const line of answer.headers.getSetCookie()) {
      const { name, value, maxAge } = parseSetCookie(line)
      if (value && maxAge !== 0) cookies.set(name, encodeURIComponent(value))
      else cookies.delete(name)
    }
    return answer
  }
  const auth = createAuthClient({ baseURL: server.url, plugins: [jwtClient()], fetchOptions: { customFetchImpl } })
  const ask = async (request: Request) => {
    if (down.gatehouse) throw new TypeError('fetch failed')
    sent.push(request.clone())
    return gatehouse(request)
  }

  function tab() {
    const left: string[] = []
    const client = createGatehouse(
      { baseUrl, auth, onSignedOut: (userId) => left.push(userId) },
      { ...world, fetch: ask }
    )
    t.teardown(client.close)
    return { ...client, left }
  }

  async function signUp(name: string): Promise<string> {
    const { data, error } = await auth.signUp.email({ email: `${crypto.randomUUID()}@example.com`, name, password })
    if (error) throw new Error(error.message)
    return data.user.id
  }
  const isSignedIn = async () => (await auth.getSession()).data !== null
  return { auth, down, sent, tab, signUp, isSignedIn }
}

test("Better Auth's own client gives the tokens, and signing out ends the session and the tokens", async (t) => {
  const { tab, signUp, sent, isSignedIn } = open()
  const ann = await signUp('Ann')
  const { as, signOut, left } = tab()
  await as(ann).POST('/api/tasks', { body: { title: 'of Ann' } })
  t.match((await as(ann).GET('/api/tasks')).items, [{ title: 'of Ann' }])
  t.match(await as(ann).GET('/api/auth/profile'), { name: 'Ann' })
  t.match(await signOut(ann), { betterAuth: 'ended', gatehouse: 'ended' })
  t.equal(await isSignedIn(), false)
  t.strictSame(left, [ann])
  const old = sent[0]?.headers.get('authorization') ?? ''
  const answer = await app.inject({ url: '/api/auth/me', headers: { authorization: old } })
  t.match(answer.json(), { status: 401, code: 'token_revoked' })
  await t.rejects(as(ann).GET('/api/tasks'), { code: 'session_changed' })
})

test('a page of Ann writes nothing into the account of Ben, who signed in meanwhile', async (t) => {
  const { tab, signUp } = open()
  const ann = await signUp('Ann')
  const [annsPage, bensPage] = [tab(), tab()]
  await annsPage.as(ann).GET('/api/tasks')
  await bensPage.signOut(ann)
  const ben = await signUp('Ben')
  await t.rejects(annsPage.as(ann).POST('/api/tasks', { body: { title: 'of Ann' } }), { code: 'session_changed' })
  t.strictSame((await bensPage.as(ben).GET('/api/tasks')).items, [])
  t.match(await annsPage.signOut(ann), { betterAuth: 'ended' })
  t.match(await bensPage.as(ben).GET('/api/auth/profile'), { name: 'Ben' }, 'Ben is still signed in')
})

test('when Gatehouse is down, the session ends, and the tokens end as soon as Gatehouse is back', async (t) => {
  const { tab, signUp, down, isSignedIn, sent } = open()
  const ann = await signUp('Ann')
  const { as, signOut } = tab()
  await as(ann).GET('/api/auth/me')
  const authorization = sent[0]?.headers.get('authorization') ?? ''
  down.gatehouse = true
  const { betterAuth, gatehouse, settled } = await signOut(ann)
  t.strictSame([betterAuth, gatehouse, await isSignedIn()], ['ended', 'retrying', false])
  down.gatehouse = false
  await settled
  t.equal((await app.inject({ url: '/api/auth/me', headers: { authorization } })).statusCode, 401)
})

test('when Better Auth is down, the app learns that the user is still signed in there', async (t) => {
  const { tab, signUp, down, isSignedIn } = open()
  const ann = await signUp('Ann')
  const { as, signOut } = tab()
  await as(ann).GET('/api/auth/me')
  down.betterAuth = true
  t.match(await signOut(ann), { betterAuth: 'failed', gatehouse: 'ended' })
  down.betterAuth = false
  t.equal(await isSignedIn(), true)
  t.match(await signOut(ann), { betterAuth: 'ended', gatehouse: 'ended' })
  t.equal(await isSignedIn(), false)
})

test('a server calls as the user of each request', async (t) => {
  const [ann, ben] = [await server.signUp(), await server.signUp()]
  const apiOf = (userId: string, getToken: () => Promise<string>) =>
    createUserApi({ baseUrl, userId, getToken }, { ...world, fetch: gatehouse })
  await apiOf(ann.id, ann.token).POST('/api/tasks', { body: { title: 'of Ann' } })
  t.strictSame((await apiOf(ben.id, ben.token).GET('/api/tasks')).items, [])
  await t.rejects(apiOf(ann.id, ben.token).GET('/api/tasks'), { code: 'session_changed' })
})
