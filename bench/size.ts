import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { connectTo, signUp } from './helpers/http.ts'
import { type LoadGenerator, startLoadGenerator } from './helpers/load-generator.ts'
import { type Measured, startGatehouse, startMeasured } from './helpers/measured.ts'
import { onOwnDatabase } from './helpers/service.ts'
import { median } from './helpers/statistics.ts'

export const needsPostgres = true

const starts = 7
const before = 100_000
const after = Number(process.env.SIZE_REQUESTS ?? 1_000_000)
/** A timeout for slow machines. */
const longest = 240_000
const chunk = 20_000
const mega = 1024 * 1024

/** Milliseconds from the start of `node` to the first answer that uses the database. */
async function startOnce(url: string): Promise<number> {
  const begin = performance.now()
  const server = await startGatehouse(url)
  try {
    const { status } = await connectTo(server.url)('GET', '/health/ready')
    const took = performance.now() - begin
    if (status !== 200) throw new Error(`Not ready: ${status}`)
    return took
  } finally {
    await server.stop()
  }
}

interface Service {
  generator: LoadGenerator
  server: Measured
  token: string
}

/** Sends about this many requests, a quarter to each path. Yields the count and the resident bytes after each chunk. */
async function send({ generator, server, token }: Service, count: number, say: (text: string) => void) {
  const paths = ['/api/auth/me', '/api/tasks', '/api/auth/me', '/health/live']
  const sizes: { requests: number; bytes: number }[] = []
  const begin = performance.now()
  let requests = 0
  while (requests < count && performance.now() - begin < longest) {
    const tokens = Array.from({ length: Math.min(chunk, count - requests) }, () => token)
    const load = { url: server.url, method: 'GET', path: '', headers: {}, connections: 10 }
    const result = await generator.run({ ...load, tokens, paths })
    if (result.statuses[200] !== result.requests) throw new Error(JSON.stringify(result.statuses))
    requests += result.requests
    server.emptyLog()
    const { rss } = await server.usage()
    sizes.push({ requests, bytes: rss })
    if (sizes.length % 10 === 0) say(`${requests.toLocaleString('en')} requests, ${(rss / mega).toFixed(0)} MB`)
  }
  return { requests, sizes }
}

/** Resident bytes of the yardstick after as many requests to one of its routes. */
async function sizeOfBare(generator: LoadGenerator): Promise<number> {
  const ANSWER = JSON.stringify({ status: 200, headers: {}, body: { user_id: crypto.randomUUID() } })
  const server = await startMeasured('bench/helpers/bare-server.ts', { ANSWER })
  try {
    const paths = Array.from({ length: before }, () => '/api/auth/me')
    await generator.run({ url: server.url, method: 'GET', path: '', headers: {}, connections: 10, paths })
    return (await server.usage()).rss
  } finally {
    await server.stop()
  }
}

async function grow(url: string, say: (text: string) => void): Promise<Figure[]> {
  const server = await startGatehouse(url)
  const generator = startLoadGenerator()
  try {
    const call = connectTo(server.url)
    const { access_token: token } = await signUp(call)
    for (let i = 0; i < 20; i += 1) await call('POST', '/api/tasks', { token, body: { title: `Task ${i}` } })
    const fresh = (await server.usage()).rss
    const load = { generator, server, token }
    const first = await send(load, before, say)
    const size = (await server.usage()).rss
    const further = await send(load, after, say)
    const half = further.sizes.length / 2
    const [early, late] = [further.sizes.slice(0, half), further.sizes.slice(half)].map((sizes) =>
      median(sizes.map(({ bytes }) => bytes))
    )
    const growth = (late ?? 0) - (early ?? 0)
    const sizes = further.sizes.map(({ bytes }) => bytes)
    const bare = await sizeOfBare(generator)
    const told = (bytes: number) => `${(bytes / mega).toFixed(0)} MB`
    const data = [
      ...first.sizes,
      ...further.sizes.map(({ requests, bytes }) => ({ requests: requests + before, bytes }))
    ]
    return [
      figure('resident memory after the start', '', told(fresh)),
      {
        ...figure(`after ${before.toLocaleString('en')} requests`, '<= 160 MB', told(size), size <= 160 * mega),
        yardstick: `${told(bare)}, bare Fastify and pg`,
        ratio: `${(size / bare).toFixed(2)} x`,
        data
      },
      figure(
        `over ${further.requests.toLocaleString('en')} more`,
        'flat: the second half at most 5 MB above the first',
        `${told(Math.min(...sizes))} to ${told(Math.max(...sizes))}; median of the halves ${told(early ?? 0)}, ${told(late ?? 0)}`,
        growth < 5 * mega
      )
    ]
  } finally {
    generator.stop()
    await server.stop()
  }
}

/** Start time and memory of the service. */
export const bench: Bench = (say) =>
  onOwnDatabase(process.env.DATABASE_URL ?? '', async ({ url }) => {
    const first = await startOnce(url)
    say(`first start, with all migrations: ${first.toFixed(0)} ms`)
    const times: number[] = []
    while (times.length < starts) times.push(await startOnce(url))
    return [
      figure('first answer after `node` starts, database new', '', `${first.toFixed(0)} ms`),
      {
        ...figure(
          'first answer after `node` starts, database migrated',
          '<= 1,000 ms',
          `${median(times).toFixed(0)} ms`,
          median(times) <= 1_000
        ),
        spread: `${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}`,
        data: times
      },
      ...(await grow(url, say))
    ]
  })
