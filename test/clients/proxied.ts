import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Test, test } from 'tap'
import { type Exchange, keepExchanges } from '../helpers/exchanges.ts'
import { runFile, testFiles } from '../helpers/group.ts'
import { unusedPort } from '../helpers/ports.ts'
import { untilListening } from '../helpers/servers.ts'

/** The header that says which exchange a request belongs to. */
const number = 'x-exchange'

/** Headers that Node sets itself. */
const framing = new Set(['connection', 'content-length', 'transfer-encoding'])

/** A server that gives the recorded answers, on a port. */
async function replay(t: Test, exchanges: Exchange[]): Promise<number> {
  const server = createServer(({ headers }, response) => {
    const answer = exchanges[Number(headers[number])]?.answer
    for (const [name, value] of Object.entries(answer?.headers ?? {}))
      if (value !== undefined && !framing.has(name)) response.setHeader(name, value)
    response.writeHead(answer?.statusCode ?? 500).end(answer?.rawPayload)
  })
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Prism as a proxy in front of a port. Without --errors, because it reports all violations in a header, warnings too. */
async function startPrism(t: Test, upstream: number): Promise<string> {
  const port = await unusedPort()
  const program = new URL('node_modules/@stoplight/prism-cli/dist/index.js', import.meta.url).pathname
  const contract = new URL('../../openapi.yaml', import.meta.url).pathname
  const args = ['proxy', contract, `http://127.0.0.1:${upstream}`, '--port', `${port}`, '--verboseLevel', 'silent']
  const prism = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  t.teardown(() => prism.kill())
  await untilListening(port, prism)
  return `http://127.0.0.1:${port}`
}

/** Prism refuses unreadable JSON itself, so a request that the service refused is sent without its body. */
const requestOf = ({ method, request, answer }: Exchange): RequestInit => {
  const { payload, body = payload, headers } = request
  if (answer.statusCode >= 400 || body === undefined) return { method, headers: headers as Record<string, string> }
  const json = { 'content-type': 'application/json' }
  return {
    method,
    headers: { ...json, ...(headers as Record<string, string>) },
    body: typeof body === 'string' ? body : JSON.stringify(body)
  }
}

/** What a value is made of: the names and types in it, and each text of at most so many characters as it is. */
function shapeOf(value: unknown, longest = 0): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map((item) => shapeOf(item, longest))
  if (value === null || typeof value !== 'object')
    return typeof value === 'string' && value.length <= longest ? value : value === null ? null : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shapeOf(part, longest)]))
}

/** One exchange of each kind, because Prism takes several milliseconds for each, and thousands differ in ids and names only. */
function oneOfEach(exchanges: Exchange[]): Exchange[] {
  const kinds = new Map<string, Exchange>()
  for (const exchange of exchanges) {
    const { method, url, request, answer } = exchange
    const path = url.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')
    const { authorization, ...headers } = request.headers ?? {}
    const said = shapeOf([request.payload ?? request.body, headers], 20)
    const told = answer.headers['content-type']?.toString().includes('json') ? shapeOf(answer.json()) : answer.body
    const kind = JSON.stringify([method, path, answer.statusCode, Object.keys(answer.headers), said, told])
    if (!kinds.has(kind)) kinds.set(kind, exchange)
  }
  return [...kinds.values()]
}

/** Runs every second test file of the routes, and sends what they exchanged through Prism. `half` is 0 or 1. */
export async function checkExchanges(half: number): Promise<void> {
  const kept = keepExchanges()
  const files = testFiles(process.env.TEST_FILES ?? 'test/routes/*.test.ts').filter((_, place) => place % 2 === half)
  for (const file of files) await runFile(file)

  const skip = files.length === 0 && 'the other half has the only file'
  test('Prism finds no violation of the contract in what the tests of the routes exchanged', { skip }, async (t) => {
    // Routes that tests add are not in the contract.
    const exchanges = oneOfEach(kept.filter(({ url }) => url !== '/api/probe'))
    t.ok(exchanges.length > 0, `${exchanges.length} kinds of ${kept.length} exchanges`)
    const prism = await startPrism(t, await replay(t, exchanges))
    for (const [index, exchange] of exchanges.entries()) {
      const { method, url, answer } = exchange
      const init = requestOf(exchange)
      const answered = await fetch(`${prism}${url}`, {
        ...init,
        headers: { ...init.headers, [number]: `${index}` },
        redirect: 'manual'
      })
      const found: { location: string[] }[] = JSON.parse(answered.headers.get('sl-violations') ?? '[]')
      // The service refuses what breaks the contract, as it should.
      const violations = answer.statusCode < 400 ? found : found.filter(({ location }) => location[0] === 'response')
      t.equal(answered.status, answer.statusCode, `${method} ${url}`)
      t.strictSame(violations, [], `${method} ${url} -> ${answer.statusCode}`)
    }
  })
}
