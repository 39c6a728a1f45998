import { randomUUID } from 'node:crypto'
import { password } from '../../../bench/helpers/http.ts'
import { median } from '../../../bench/helpers/statistics.ts'
import { type Gatehouse, serve } from '../helpers/gatehouse.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { longest, type Scenario } from '../helpers/scenario.ts'

/** Logins from another address. Each must succeed within two seconds. */
const logins = 10
const limit = 2_000

const login = '/api/auth/login'
const register = '/api/auth/register'
const at = (address: string) => ({ 'x-forwarded-for': address })

/** Logins and registrations with invented emails, at a fixed rate, from rotating addresses. */
function startFlood({ call }: Gatehouse, addresses: readonly string[], aSecond: number) {
  const statuses: Record<string, number> = {}
  const inFlight = new Set<Promise<void>>()
  let turn = 0
  const timer = setInterval(() => {
    const body = { email: `${randomUUID()}@example.com`, password: 'made-up-horse-8' }
    const headers = at(addresses[turn % addresses.length] ?? '')
    const isLogin = Math.floor(turn / addresses.length) % 2 === 0
    turn += 1
    const sent = call('POST', isLogin ? login : register, { body: isLogin ? body : { ...body, name: 'x' }, headers })
      .then(({ status }) => {
        statuses[status] = (statuses[status] ?? 0) + 1
      })
      .finally(() => inFlight.delete(sent))
    inFlight.add(sent)
  }, 1_000 / aSecond)
  return async () => {
    clearInterval(timer)
    await Promise.all(inFlight)
    return statuses
  }
}

const upTo = (count: number, name: (i: number) => string) => Array.from({ length: count }, (_, i) => name(i))

/** Floods of password hashes, within the limits of one address and of many. Other users can still log in. */
export const scenario: Scenario = {
  inCi: true,
  isAlone: true,
  async run(sandbox) {
    const postgres = await startPostgres(sandbox)
    const settings = { TRUST_PROXY: '127.0.0.1/32', RATE_LIMIT_ENABLED: 'true', BCRYPT_COST: '12' }
    const gatehouse = await serve(sandbox, { DATABASE_URL: postgres.url, ...settings })
    const floods: [string, string[], number][] = [
      ['one address, 6.6 a second', ['203.0.113.9'], 6.6],
      ['an IPv6 network of 2,000 addresses, 20 a second', upTo(2_000, (i) => `2001:db8:1:2::${i.toString(16)}`), 20],
      ['250 addresses of a network, 20 a second', upTo(250, (i) => `203.0.113.${i}`), 20],
      ['40 addresses of as many networks, 20 a second', upTo(40, (i) => `10.${i}.0.1`), 20]
    ]
    const victims = floods.map((_, i) => ({ email: `${randomUUID()}@example.com`, headers: at(`192.0.2.${i}`) }))
    for (const { email, headers } of victims)
      await gatehouse.call('POST', register, { body: { email, name: 'x', password }, headers })
    const rows = []
    for (const [i, [fault, addresses, aSecond]] of floods.entries()) {
      // The last one most easily keeps others out.
      if (sandbox.short && i < floods.length - 1) continue
      const { email = '', headers = {} } = victims[i] ?? {}
      const logIn = () => gatehouse.call('POST', login, { body: { email, password }, headers })
      const quiet = median([(await logIn()).ms, (await logIn()).ms, (await logIn()).ms])
      const stop = startFlood(gatehouse, addresses, aSecond)
      // Until the flood has filled the queue.
      for (let i = 0; i < 20; i += 1)
        await gatehouse.call('POST', login, {
          body: { email: `${i}@example.com`, password },
          headers: at(addresses[i % addresses.length] ?? '')
        })
      const times: number[] = []
      const complaints: string[] = []
      for (let i = 0; i < logins; i += 1) {
        const { status, ms } = await logIn()
        times.push(ms)
        if (status !== 200) complaints.push(`a login of another address was answered with ${status}`)
      }
      const statuses = await stop()
      const requests = Object.values(statuses).reduce((sum, count) => sum + count, 0)
      const wrong = Object.entries(statuses).filter(([status]) => !['201', '401', '409', '429', '503'].includes(status))
      if (longest(times) > limit) complaints.push(`a login took ${longest(times)} ms`)
      if (wrong.length > 0) complaints.push(`the flood was answered with ${wrong}`)
      if (requests < 40) complaints.push('that was no flood')
      const told = `a login took ${Math.round(quiet)} ms before, ${logins} now ${times.map(Math.round).join(', ')} ms; the flood was answered with ${JSON.stringify(statuses)}`
      const none = { lost: 0, doubled: 0, otherErrors: 0, longestOutage: 0 }
      rows.push({
        fault: `hashes: ${fault}`,
        times: 1,
        requests,
        acknowledged: times.length,
        ...none,
        complaints,
        told
      })
    }
    return rows
  }
}
