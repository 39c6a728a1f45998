import { type Bench, figure } from './helpers/figures.ts'
import { connectTo, signUp } from './helpers/http.ts'
import { startLoadGenerator } from './helpers/load-generator.ts'
import { startGatehouse } from './helpers/measured.ts'
import { lowerPriority } from './helpers/priority.ts'
import { treeCpu } from './helpers/processes.ts'
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
        const [served, generated] = [treeCpu(server.pid), treeCpu(generator.pid)]
        const { requests, statuses, seconds: took } = await generator.run(load)
        if (statuses[200] !== requests) throw new Error(JSON.stringify(statuses))
        server.emptyLog()
        return {
          rate: requests / took,
          service: (treeCpu(server.pid) - served) / requests,
          generator: (treeCpu(generator.pid) - generated) / requests
        }
      }
      for (const server of [one, two]) await measure(server, 20)
      type Answers = Awaited<ReturnType<typeof measure>>
      const pairs: [one: Answers, two: Answers][] = []
      for (let i = 0; i < rounds; i += 1) pairs.push([await measure(one, seconds), await measure(two, seconds)])
      const ratios = pairs.map(([one, two]) => two.rate / one.rate)
      const of = (name: keyof Answers) => [0, 1].map((i) => median(pairs.map((pair) => pair[i as 0 | 1][name])))
      const [alone, both] = of('rate') as [number, number]
      const [cpuAlone, cpuBoth] = of('service') as [number, number]
      const [, load] = of('generator') as [number, number]
      say(`${alone.toFixed(0)} and ${both.toFixed(0)} answers a second`)
      return [
        figure(
          `two workers compared with one: \`GET ${path}\`, ${connections} connections`,
          '>= 1.8 x',
          `${median(ratios).toFixed(2)} x (${quantile(ratios, 0.25).toFixed(2)} to ${quantile(ratios, 0.75).toFixed(2)}); ${alone.toFixed(0)} and ${both.toFixed(0)} answers a second`,
          median(ratios) >= 1.8
        ),
        figure(
          'CPU time for each answer: one process, each of two workers, the load generator beside two',
          'none',
          `${cpuAlone.toFixed(1)}, ${cpuBoth.toFixed(1)}, ${load.toFixed(1)} µs; so two cores give at most ${((2 * cpuAlone) / (cpuBoth + load)).toFixed(2)} x`
        )
      ]
    } finally {
      generator.stop()
      await one.stop()
      await two.stop()
    }
  })
