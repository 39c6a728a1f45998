import { type Bench, figure } from './helpers/figures.ts'
import { connectTo, signUp } from './helpers/http.ts'
import { startLoadGenerator } from './helpers/load-generator.ts'
import { startGatehouse } from './helpers/measured.ts'
import { lowerPriority } from './helpers/priority.ts'
import { onOwnDatabase } from './helpers/service.ts'
import { median, quantile } from './helpers/statistics.ts'

export const needsPostgres = true

const rounds = Number(process.env.BENCH_ROUNDS ?? 11)
const seconds = Number(process.env.BENCH_SECONDS ?? 2)
const path = '/api/auth/me'
const connections = 32

/** Good answers per second of one process and of two workers, in turn, from a load generator with low priority. */
export const bench: Bench = (say) =>
  onOwnDatabase(process.env.DATABASE_URL ?? '', async ({ url }) => {
    const one = await startGatehouse(url)
    const two = await startGatehouse(url, { WORKERS: '2' })
    // Inherited by the load generator, which represents other machines.
    lowerPriority()
    const generator = startLoadGenerator()
    try {
      const { access_token: token } = await signUp(connectTo(one.url))
      const measure = async (server: typeof one, seconds: number) => {
        const load = { url: server.url, method: 'GET', path, headers: {}, tokens: [token], connections, seconds }
        const { requests, statuses, seconds: took } = await generator.run(load)
        if (statuses[200] !== requests) throw new Error(JSON.stringify(statuses))
        server.emptyLog()
        return requests / took
      }
      for (const server of [one, two]) await measure(server, 20)
      const rates: [number, number][] = []
      for (let i = 0; i < rounds; i += 1) rates.push([await measure(one, seconds), await measure(two, seconds)])
      const ratios = rates.map(([one, two]) => two / one)
      const [alone, both] = [median(rates.map(([rate]) => rate)), median(rates.map(([, rate]) => rate))]
      say(`${alone.toFixed(0)} and ${both.toFixed(0)} answers a second`)
      return [
        figure(
          `two workers compared with one: \`GET ${path}\`, ${connections} connections`,
          '>= 1.8 x',
          `${median(ratios).toFixed(2)} x (${quantile(ratios, 0.25).toFixed(2)} to ${quantile(ratios, 0.75).toFixed(2)}); ${alone.toFixed(0)} and ${both.toFixed(0)} answers a second`,
          median(ratios) >= 1.8
        )
      ]
    } finally {
      generator.stop()
      await one.stop()
      await two.stop()
    }
  })
