import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect: (how: { type: 'minor' }) => void = runInNewContext('gc')

const used = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')?.space_used_size ?? 0

/** Bytes that each of `times` runs leaves for a major collection, where there is a minor one after each twenty. */
export async function leftBehind(times: number, run: (time: number) => Promise<unknown> | undefined): Promise<number> {
  async function runAll() {
    for (let time = 0; time < times; time++) {
      // A promise more each time would be what is measured: tap remembers them.
      const running = run(time)
      if (running) await running
      if (time % 20 === 0) collect({ type: 'minor' })
    }
  }
  // What is remembered once, and code.
  await runAll()
  const before = used()
  await runAll()
  return (used() - before) / times
}
