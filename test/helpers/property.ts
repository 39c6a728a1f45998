import fc from 'fast-check'
import type { Test } from 'tap'
import { currentTest } from './group.ts'

/** The same inputs in every run, unless PROPERTY_SEED is set. A failure prints the seed and the smallest input. */
const seed = Number(process.env.PROPERTY_SEED ?? 20_261_127)

/** Tests that `holds` neither throws nor returns false, nor a promise of false, for any input of these kinds. */
export function property<Inputs extends [unknown, ...unknown[]]>(
  name: string,
  inputs: { [Place in keyof Inputs]: fc.Arbitrary<Inputs[Place]> },
  holds: (...given: Inputs) => unknown,
  numRuns = 300
): void {
  currentTest().test(name, async (t: Test) => {
    const check = async (...given: unknown[]) => (await holds(...(given as Inputs))) !== false
    await fc.assert(fc.asyncProperty(...inputs, check), { seed, numRuns })
    t.pass(`${numRuns} inputs, seed ${seed}`)
  })
}
