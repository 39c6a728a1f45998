import fc from 'fast-check'
import { type Test, test } from 'tap'

/** The same inputs in every run, unless another seed is asked for. A failure prints the seed, and the input made small. */
const seed = Number(process.env.PROPERTY_SEED ?? 20_261_127)

/** A test of what holds for every input of these kinds: `holds` neither throws nor returns false. */
export function property<Inputs extends [unknown, ...unknown[]]>(
  name: string,
  inputs: { [Place in keyof Inputs]: fc.Arbitrary<Inputs[Place]> },
  holds: (...given: Inputs) => unknown,
  numRuns = 300
): void {
  test(name, async (t: Test) => {
    const check = (...given: unknown[]) => holds(...(given as Inputs)) !== false
    fc.assert(fc.property(...inputs, check), { seed, numRuns })
    t.pass(`${numRuns} inputs, seed ${seed}`)
  })
}
