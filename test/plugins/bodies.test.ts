import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { listen, message } from '../helpers/raw.ts'

test('a large answer comes whole and with its length, HEAD without it', async (t) => {
  const { app, signUp } = await startApp(t)
  const user = await signUp()
  const description = '€'.repeat(10_000)
  for (let i = 0; i < 9; i++) await user.post('/api/tasks', { title: `Task ${i}`, description })
  const { send } = await listen(app)
  const ask = (method: string) =>
    send(message(`${method} /api/tasks HTTP/1.1`, 'Host: a', `Authorization: Bearer ${user.token}`))
  const [answer] = await ask('GET')
  t.equal(JSON.parse(Buffer.from(answer?.body ?? '', 'latin1').toString()).items.length, 9)
  const [head] = await ask('HEAD')
  t.match(head, { status: 200, headers: { 'content-length': answer?.headers['content-length'] }, body: '' })
})

test('a file is sent from memory until it changes, and a very large one as it is', async (t) => {
  const large = 'x'.repeat(5 * 1024 * 1024)
  const WEB_DIR = t.testdir({ 'index.html': 'old', 'a.js': 'y'.repeat(100_000), 'large.js': large })
  const { app } = await startApp(t, { settings: { WEB_DIR } })
  for (let i = 0; i < 2; i++) {
    t.equal((await app.inject('/')).body, 'old')
    t.equal((await app.inject('/a.js')).body.length, 100_000)
    t.equal((await app.inject('/large.js')).body, large)
  }
  writeFileSync(join(WEB_DIR, 'index.html'), 'newer')
  t.equal((await app.inject('/')).body, 'newer')
})

test('the contract is written once, and its bytes are sent from then on', async (t) => {
  const { app } = await startApp(t)
  const before = [(await app.inject('/openapi.json')).body, (await app.inject('/openapi.yaml')).body]
  app.swagger = () => {
    throw new Error('asked again')
  }
  t.strictSame([(await app.inject('/openapi.json')).body, (await app.inject('/openapi.yaml')).body], before)
})
