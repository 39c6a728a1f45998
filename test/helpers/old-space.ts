import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: (how: { type: 'minor' }) => void = runInNewContext('gc')

const used = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0

/** Bytes per run that are left for a major collection, with a minor one after every twenty runs. */
export async function leftBehind(times: number, run: (time: number) => Promise<unknown> | undefined): Promise<number> {
  async function runAll() {
    for (let time = 0; time < times; time++) {
      // An additional promise would be measured too, because tap keeps them.
      const running = run(time)
      if (running) await running
      if (time % 20 === 0) collect({ type: 'minor' })
    }
  }
  // Warm-up for caches and code.
  await runAll()
  const before = used()
  await runAll()
  return (used() - before) / times
}
