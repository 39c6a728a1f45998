import { backendsCpu } from './helpers/backends.ts'
import { fill } from './helpers/big-data.ts'
import { type Bench, type Figure, figure } from './helpers/figures.ts'
import { type Fixture, type Operation, operationsOn, startFixture, walk } from './helpers/fixture.ts'
import { password, signUp } from './helpers/http.ts'
import { type LoadGenerator, startLoadGenerator } from './helpers/load-generator.ts'
import { raisePriority } from './helpers/priority.ts'
import { type BenchDatabase, onOwnDatabase } from './helpers/service.ts'
import { median } from './helpers/statistics.ts'

export const needsPostgres = true

const million = 1_000_000 * Number(process.env.SCALE ?? 1)
const size = { users: million, tasks: 10 * million, ofOne: million }
const rounds = 11
const seconds = 0.4
/** Tasks of a user in the small database: enough for full pages with a successor. */
const few = 160
const logins = 6

interface Cost {
  /** Median of a round in milliseconds, on one connection. */
  ms: number
  /** CPU time per request in microseconds: of the service and of PostgreSQL's backends. */
  service: number
  backends: number | undefined
}

async function measure(
  generator: LoadGenerator,
  { server, database }: Fixture,
  { status, ...operation }: Operation
): Promise<Cost> {
  const [before, backendsBefore] = [await server.usage(), await backendsCpu(database)]
  const load = operation.path === '/api/auth/login' ? {} : { seconds }
  const { requests, statuses, p50 } = await generator.run({ url: server.url, connections: 1, ...operation, ...load })
  const [after, backendsAfter] = [await server.usage(), await backendsCpu(database)]
  if (statuses[status] !== requests) throw new Error(`${operation.path}: ${JSON.stringify(statuses)}`)
  const backends = backendsAfter && backendsBefore && (backendsAfter - backendsBefore) / requests
  return { ms: p50, service: (after.cpu - before.cpu) / requests, backends }
}

function compare(name: string, small: Cost[], big: Cost[]): Figure {
  const of = (costs: Cost[], which: keyof Cost) => median(costs.map((cost) => cost[which] ?? Number.NaN))
  const times = (which: keyof Cost) => of(big, which) / of(small, which)
  const ratios = big.map(({ ms }, i) => ms / (small[i]?.ms ?? Number.NaN))
  const cpu = Number.isNaN(of(big, 'backends'))
    ? ''
    : `, PostgreSQL ${of(big, 'backends').toFixed(0)} (${times('backends').toFixed(2)} x)`
  const cost = (costs: Cost[]) => ({
    ms: of(costs, 'ms'),
    service: of(costs, 'service'),
    backends: of(costs, 'backends')
  })
  return {
    ...figure(
      `${name}, ${million.toLocaleString('en')} tasks of one user`,
      '<= 1.2 x time, <= 1.2 x CPU',
      `${of(big, 'ms').toFixed(3)} ms; CPU ${of(big, 'service').toFixed(0)} µs (${times('service').toFixed(2)} x)${cpu}`,
      times('ms') <= 1.2 && times('service') <= 1.2
    ),
    yardstick: `${of(small, 'ms').toFixed(3)} ms, ${few} tasks in all`,
    ratio: `${times('ms').toFixed(2)} x`,
    spread: `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
    data: { operation: name, small: cost(small), big: cost(big) }
  }
}

async function openSmall(database: BenchDatabase) {
  const fixture = await startFixture(database)
  for (let i = 0; i < few; i += 1)
    await fixture.call('POST', '/api/tasks', { token: fixture.token, body: { title: `Call Anna about ticket ${i}` } })
  const emails = [fixture.user.email]
  while (emails.length < logins) emails.push((await signUp(fixture.call)).email)
  const { last } = await walk(fixture, () => {})
  await database.query('vacuum analyze')
  return { fixture, operations: await operationsOn(fixture, last, emails, password) }
}

async function openBig(database: BenchDatabase, say: (text: string) => void) {
  const fixture = await startFixture(database)
  const { id } = fixture.user
  const { rows: [owner] = [] } = await database.query(`select password_hash from users where id = '${id}'`)
  const begin = performance.now()
  await fill(database.url, size, { id, passwordHash: owner?.password_hash }, say)
  const took = `${((performance.now() - begin) / 1000).toFixed(0)} s`
  say(`made in ${took}; now paging through all tasks of one user`)
  const walked = performance.now()
  const { last, tasks } = await walk(fixture, say)
  if (tasks !== size.ofOne) throw new Error(`${tasks} tasks in all pages, not ${size.ofOne}`)
  const perPage = ((performance.now() - walked) / (tasks / 100)).toFixed(2)
  const emails = Array.from(
    { length: logins },
    (_, i) => `person${1 + Math.floor((i * size.users) / logins)}@example.com`
  )
  const operations = await operationsOn(fixture, last, emails, password)
  const made = figure(
    'the data',
    '',
    `${size.tasks.toLocaleString('en')} tasks and ${size.users.toLocaleString('en')} users made in ${took}; all pages of one user read, none twice, ${perPage} ms a page of 100`
  )
  return { fixture, operations, made }
}

/** The cost with a million tasks of one user among ten million, compared with a small database. */
export const bench: Bench = (say) => {
  const server = process.env.DATABASE_URL ?? ''
  return onOwnDatabase(server, (small) =>
    onOwnDatabase(server, async (big) => {
      raisePriority()
      for (const { query, url } of [small, big])
        await query(`alter database ${new URL(url).pathname.slice(1)} set synchronous_commit to off`)
      const generator = startLoadGenerator()
      const fixtures: Fixture[] = []
      try {
        const few = await openSmall(small)
        fixtures.push(few.fixture)
        const many = await openBig(big, say)
        fixtures.push(many.fixture)
        const figures = [many.made]
        for (const [name, operation] of Object.entries(few.operations)) {
          const there = many.operations[name] ?? operation
          const costs: [Cost[], Cost[]] = [[], []]
          for (let round = -1; round < rounds; round += 1) {
            const both = [
              () => measure(generator, few.fixture, operation),
              () => measure(generator, many.fixture, there)
            ] as const
            const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)
            for (const which of order) {
              const cost = await both[which]()
              if (round >= 0) costs[which].push(cost)
            }
          }
          figures.push(compare(name, ...costs))
          say(`${name}: ${figures.at(-1)?.ratio}`)
        }
        return figures
      } finally {
        generator.stop()
        await Promise.all(fixtures.map(({ server }) => server.stop()))
      }
    })
  )
}
