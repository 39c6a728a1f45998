import { test } from 'tap'
import { createGatehouse } from '../../web/client/src/index.ts'

test('without Web Locks and BroadcastChannel, a client whose refresh is refused is signed out', async (t) => {
  const { navigator, BroadcastChannel } = globalThis
  Reflect.deleteProperty(globalThis, 'BroadcastChannel')
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true })
  t.teardown(() => {
    Object.assign(globalThis, { BroadcastChannel })
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })
  })
  const refused = () => Promise.resolve(new Response('{"code":"invalid_token"}', { status: 401 }))
  const { session, close } = createGatehouse({ baseUrl: 'https://two.example.com' }, { fetch: refused })
  t.strictSame(await session.restore(), { status: 'out' })
  close()
})
