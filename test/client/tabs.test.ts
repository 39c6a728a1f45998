import t, { test } from 'tap'
import { heard, startBrowsers } from '../helpers/tabs.ts'

const { open, pass } = await startBrowsers(t, { ACCESS_TOKEN_TTL: '10m' })

test('a tab that waited for the lock asks the others, and does not refresh again', async (t) => {
  const { signedUp, tab, channel, count } = open()
  const { user } = await signedUp()
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const holding = navigator.locks.request(channel, () => held)
  const restored = tab().session.restore()
  release()
  t.strictSame(await restored, { status: 'in', user })
  t.equal(count('refresh'), 0)
  await holding
})

test('when the refresh of a tab fails, the next tab tries', async (t) => {
  const { signedUp, tab, interfere, count } = open()
  const first = await signedUp()
  const second = tab()
  await second.session.restore()
  pass(601)
  const before = count('refresh')
  interfere(({ url }) => {
    if (!url.includes('refresh')) return undefined
    interfere(() => undefined)
    return new Response('', { status: 500 })
  })
  const results = await Promise.allSettled([first, second].map(({ api }) => api.GET('/api/tasks')))
  t.strictSame(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  t.equal(count('refresh'), before + 2)
  t.strictSame([...first.left, ...second.left], [])
})

test('messages of other tabs during a refresh take effect', async (t) => {
  for (const status of [200, 401]) {
    const { signedUp, interfere, channel } = open()
    const { api, session, left, user } = await signedUp()
    const other = new BroadcastChannel(channel)
    t.teardown(() => other.close())
    pass(601)
    const since = 4e12
    const access = { token: 'x', userId: user.id, since, until: since + 1000 }
    interfere(async ({ url }) => {
      if (!url.includes('refresh')) return undefined
      const before = session.state()
      other.postMessage(
        status === 200
          ? { type: 'out', why: 'logout', at: since }
          : { type: 'in', access, user: { ...user, updated_at: '' } }
      )
      await heard(() => session.state() !== before)
      return status === 200 ? undefined : new Response('{"code":"invalid_token"}', { status })
    })
    await t.rejects(api.GET('/api/tasks'), { code: status === 200 ? 'not_authenticated' : 'invalid_token' })
    t.equal(session.state().status, status === 200 ? 'out' : 'in')
    t.strictSame(left, status === 200 ? ['logout'] : [])
  }
})

test('a request in progress at logout is not repeated', async (t) => {
  const { signedUp, interfere, count } = open()
  const { api, session } = await signedUp()
  interfere(async ({ url }) => {
    if (!url.endsWith('/tasks')) return undefined
    await session.logOut()
    return undefined
  })
  await t.rejects(api.GET('/api/tasks'), { code: 'token_revoked' })
  t.equal(count('refresh'), 0)
  t.equal(count('/api/tasks'), 1)
})

test('when the server is unreachable the caller gets an error, and stays signed in', async (t) => {
  const { signedUp, interfere } = open()
  const { session, left } = await signedUp()
  interfere(() => Promise.reject(new TypeError('Failed to fetch')))
  await t.rejects(session.logOut(), { code: 'network_error' })
  t.equal(session.state().status, 'in')
  t.strictSame(left, [])
})

test('outdated and late messages of other tabs have no effect', async (t) => {
  const { signedUp, tab, channel, email } = open()
  const { session, left, user } = await signedUp()
  const other = new BroadcastChannel(channel)
  t.teardown(() => other.close())
  const old = { token: 'x', userId: user.id, since: 1, until: 2 }
  const say = async (messages: object[]) => {
    for (const message of messages) other.postMessage(message)
    // Messages arrive in order: when this one has arrived, earlier ones have as well.
    const renamed = { ...user, name: crypto.randomUUID() }
    other.postMessage({ type: 'user', user: renamed })
    other.postMessage({ type: 'ask' })
    await new Promise((resolve) => {
      other.onmessage = resolve
    })
  }
  const late = [
    { type: 'in', access: old, user: { ...user, id: 'another' } },
    { type: 'answer', access: old, user: { ...user, id: 'another' } },
    { type: 'out', why: 'ended', at: 1 },
    { type: 'user', user: { ...user, id: 'another' } }
  ]
  await say(late)
  t.match(session.state(), { status: 'in', user: { id: user.id } })
  await session.logOut()
  other.postMessage(late[0])
  other.postMessage(late[1])
  const next = tab()
  pass(1)
  await next.session.signUp({ email: `b-${email}`, name: 'Bea', password: 'correct-horse-7' })
  await heard(() => session.state().status === 'in')
  t.match(session.state(), { user: { name: 'Bea' } })
  t.strictSame(left, ['logout'])
})
