import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Test, test } from 'tap'
import { createBudget } from '../../packages/gatehouse/src/budget.ts'
import { createClient, pinned } from '../../packages/gatehouse/src/client.ts'
import { mayTest, proveLine, provePath } from '../../packages/gatehouse/src/gate.ts'
import { printable } from '../../packages/gatehouse/src/ledger.ts'
import { main } from '../../packages/gatehouse/src/main.ts'
import { baseOf, prove } from '../../packages/gatehouse/src/prove.ts'
import { notesProfile, proveToken as token } from '../helpers/notes-service.ts'

async function startHost(t: Test, answer: RequestListener) {
  const paths: string[] = []
  const server = createServer((request, response) => {
    paths.push(request.url ?? '')
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), paths }
}

test('a host that shows the line of the token may be tested', async (t) => {
  const { url, paths } = await startHost(t, (_, response) => response.end(`other\r\n${proveLine(token)}\r\n`))
  t.equal(await mayTest(url, token), undefined)
  t.strictSame(paths, [provePath])
})

test('a host that does not show the line is refused, and gets no other request', async (t) => {
  const answers: Record<string, RequestListener> = {
    'the token itself': (_, response) => response.end(token),
    'the line of another token': (_, response) => response.end(proveLine(token.replace('0', '1'))),
    'the line within another': (_, response) => response.end(`<p>${proveLine(token)}</p>`),
    'a status of 404': (_, response) => response.writeHead(404).end(proveLine(token)),
    'a redirect': (_, response) => response.writeHead(302, { location: 'https://example.com/' }).end(proveLine(token)),
    'a closed connection': (_, response) => response.destroy()
  }
  for (const [name, answer] of Object.entries(answers)) {
    const { url, paths } = await startHost(t, answer)
    const options = {
      rate: 1000,
      maxRequests: 50,
      time: 480_000,
      url: url.origin,
      token,
      profile: notesProfile,
      profileName: ''
    }
    await t.rejects(prove(options), { message: /gatehouse-prove\.txt/ }, name)
    t.ok(
      paths.every((path) => path === provePath),
      name
    )
  }
})

test('a token that could be guessed is refused before any request', async (t) => {
  const { url, paths } = await startHost(t, (_, response) => response.end())
  for (const weak of ['', 'short', 'a'.repeat(64), `${token} `, 'x'.repeat(257)])
    t.match(await mayTest(url, weak), 'must be 32 to 256 random letters', weak)
  t.strictSame(paths, [])
})

test('a URL must be an origin of http or https, without credentials, path or query', (t) => {
  t.equal(baseOf('https://api.example.com').origin, 'https://api.example.com')
  for (const wrong of [
    'api.example.com',
    'ftp://example.com',
    'https://a:b@example.com',
    'https://example.com/api',
    'https://example.com/?a'
  ])
    t.throws(() => baseOf(wrong), Error, wrong)
  t.end()
})

test('the host name is resolved once, and all connections go to that address', async (t) => {
  const lookup = pinned()
  const ask = (host: string, all: boolean) =>
    new Promise((resolve) => lookup(host, { all }, (_error, ...found) => resolve(found)))
  const [first] = (await ask('localhost', true)) as [{ address: string }[]]
  t.strictSame(await ask('elsewhere.invalid', true), [first, undefined].slice(0, 1))
  const [address] = (await ask('elsewhere.invalid', false)) as [string, number]
  t.equal(address, first[0]?.address)
  t.match(await new Promise((resolve) => pinned()('nowhere.invalid', {}, (error) => resolve(error))), {
    syscall: 'getaddrinfo'
  })
})

test('requests are limited in their rate, their number and the total time', async (t) => {
  let now = 0
  const slept: number[] = []
  const sleep = async (milliseconds: number) => {
    slept.push(Math.round(milliseconds))
    now += milliseconds
  }
  const budget = createBudget({ rate: 10, maxRequests: 4, time: 1000 }, { now: () => now, sleep })
  for (let request = 0; request < 4; request += 1) await budget.take()
  t.strictSame(slept, [100, 100, 100])
  await t.rejects(budget.take(), { message: 'the requests are used up (--max-requests 4)' })
  await t.rejects(budget.wait(5000), { message: /the time is over/ })
  t.strictSame([budget.requests(), Math.round(budget.elapsed())], [4, 300])
})

test('the command explains itself, and refuses what it does not understand', async (t) => {
  async function run(args: string[], environment = {}) {
    const said = { out: [] as string[], errors: [] as string[] }
    const to = (name: 'out' | 'errors') => ({ write: (text: string) => said[name].push(text) })
    const code = await main(args, environment, to('out'), to('errors'))
    return { code, out: said.out.join(''), errors: said.errors.join('') }
  }
  t.match(await run(['--help']), { code: 0, out: /^Usage: gatehouse prove URL/ })
  t.match(await run([]), { code: 2, errors: /^Usage/ })
  const made = await run(['token'])
  const [, fresh = ''] = /^GATEHOUSE_PROVE_TOKEN=([0-9a-f]{64})$/m.exec(made.out) ?? []
  t.ok(made.out.includes(proveLine(fresh)), 'the line belongs to the token')
  t.match(await run(['token', 'weak']), { code: 2, errors: /32 to 256/ })
  const url = 'http://127.0.0.1:9'
  const refusals: [string[], RegExp][] = [
    [['prove', url], /Set GATEHOUSE_PROVE_TOKEN/],
    [['prove', url, '--token', token, '--rate', '0'], /--rate must be a number from 1 to 1000/],
    [['prove', url, '--token', token, '--only', 'nothing'], /--only nothing: known are tokens/],
    [['prove', url, '--token', token, '--accept', 'nothing'], /--accept nothing: known are tokens\.refused/],
    [['prove', url, '--token', token, '--profile', 'none.json'], /--profile none\.json: ENOENT/],
    [['prove', url, '--token', token, '--unknown'], /Unknown option/],
    [['prove', 'example.com', '--token', token], /is not an http/],
    [['prove', url, '--token', token], /ECONNREFUSED/]
  ]
  for (const [args, message] of refusals) t.match(await run(args), { code: 2, errors: message }, args.join(' '))
})

test('a hostile host can neither write to the terminal, stall the run nor exhaust the memory', async (t) => {
  const budget = () => createBudget({ rate: 1000, maxRequests: 10, time: 60_000 })
  const ask = async (answer: RequestListener, timeout = 60_000) => {
    const { url } = await startHost(t, answer)
    const client = createClient({ base: url, budget: budget(), timeout })
    t.teardown(client.close)
    return client.ask({ path: '/' })
  }
  await t.rejects(
    ask(() => {}, 50),
    { message: 'GET /: no answer: none within 0.05 s' },
    'no answer'
  )
  const { promise: begun, resolve: begin } = Promise.withResolvers<unknown>()
  subscribe('http.client.response.finish', begin)
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const stream = ask((_, response) => void response.write('event: x\n'), 2_000)
  await begun
  unsubscribe('http.client.response.finish', begin)
  await setImmediate()
  mock.timers.tick(2_000)
  t.match(await stream, { status: 200, text: 'event: x\n' }, 'an endless answer')
  mock.timers.reset()
  const megabyte = 'x'.repeat(1024 * 1024)
  const endless: RequestListener = (_, response) => {
    const more = () => void (response.destroyed || response.write(megabyte, more))
    more()
  }
  t.ok((await ask(endless)).text.length < 4 * megabyte.length, 'a large answer')
  t.equal(printable('a\u001b[2Kb\r\nc\u0085'), 'a\ufffd[2Kb\ufffd\ufffdc\ufffd')
})

test('busy answers are waited for, as long as the run may take', async (t) => {
  let requests = 0
  const { url } = await startHost(t, (_, response) => {
    requests += 1
    response.writeHead(requests < 3 ? 429 : 200, { 'retry-after': requests === 1 ? '7' : 'soon' }).end()
  })
  const slept: number[] = []
  const timing = { now: () => 0, sleep: async (milliseconds: number) => void slept.push(milliseconds) }
  const client = createClient({ base: url, budget: createBudget({ rate: 1e9, maxRequests: 10, time: 60_000 }, timing) })
  t.teardown(client.close)
  t.equal((await client.ask({ path: '/' })).status, 200)
  t.strictSame(
    slept.filter((milliseconds) => milliseconds >= 1),
    [7000, 5000]
  )
  requests = 0
  t.equal((await client.ask({ path: '/', isFinal: true })).status, 429)
})
