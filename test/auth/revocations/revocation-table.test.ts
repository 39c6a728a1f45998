import { test } from 'tap'
import { ALWAYS, createRevocationTable } from '../../../src/auth/revocations/revocation-table.ts'

const hour = 3600

/** A seeded random generator of numbers from 0 to 1 (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function uuids(next: () => number): () => string {
  const hex = (digits: number) =>
    Math.floor(next() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  return () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(next() * 4)]}${hex(3)}-${hex(6)}${hex(6)}`
}

for (const seed of [1, 2, 3])
  test(`the table gives the same answers as a Map after random operations (seed ${seed})`, async (t) => {
    const next = random(seed)
    const uuid = uuids(next)
    const pick = (most: number) => Math.floor(next() * most)
    const table = createRevocationTable(hour)
    const model = new Map<string, { cutoff: number; expires: number }[]>()
    const keys = Array.from({ length: 3_000 }, uuid)
    const strangers = Array.from({ length: 3_000 }, uuid)
    let now = 1_000_000
    const latest = (key: string) => Math.max(0, ...(model.get(key) ?? []).map(({ cutoff }) => cutoff))
    const wrong: string[] = []
    for (let step = 0; step < 20_000; step += 1) {
      const key = keys[pick(keys.length)] ?? ''
      const cutoff = pick(3) > 0 ? ALWAYS : 1 + pick(now)
      const expires = now + pick(hour)
      table.add(key, cutoff, expires)
      model.set(key, [...(model.get(key) ?? []), { cutoff, expires }])
      if (pick(500) === 0) {
        now += pick(600)
        table.dropExpired(now)
        for (const [key, entries] of model)
          model.set(
            key,
            entries.filter(({ expires }) => expires > now)
          )
      }
      // Expired entries may stay for a third of the lifetime; live entries must not be dropped.
      if (table.cutoff(key) < latest(key)) wrong.push(key)
    }
    for (const key of keys) if (table.cutoff(key) < latest(key)) wrong.push(key)
    for (const key of strangers) if (table.cutoff(key) !== 0) wrong.push(key)
    t.strictSame(wrong, [])
    now += 2 * hour
    table.dropExpired(now)
    t.equal(table.size, 0)
    t.ok(keys.every((key) => table.cutoff(key) === 0))
  })

test('every key is found while the table grows', async (t) => {
  const next = random(4)
  const uuid = uuids(next)
  const table = createRevocationTable(hour)
  const keys = Array.from({ length: 50_000 }, uuid)
  for (const [i, key] of keys.entries()) {
    table.add(key, i % 2 ? ALWAYS : i + 1, 1_000_000)
    table.add(key, i % 2 ? ALWAYS : i + 1, 1_000_000)
  }
  t.equal(table.size, 50_000)
  t.ok(keys.every((key, i) => table.cutoff(key) === (i % 2 ? ALWAYS : i + 1)))
})

test('similar keys do not share a cutoff', async (t) => {
  const table = createRevocationTable(hour)
  const near = (low: number, high: number) =>
    `00000000-0000-4000-${high.toString(16).padStart(4, '0')}-0000${low.toString(16).padStart(8, '0')}`
  const keys = [0, 1, 2 ** 31, 2 ** 32 - 1].flatMap((low) =>
    Array.from({ length: 10 }, (_, i) => near(low, 0x8000 + i))
  )
  for (const [i, key] of keys.entries()) table.add(key, i + 1, hour)
  t.strictSame(
    keys.map((key) => table.cutoff(key)),
    keys.map((_, i) => i + 1)
  )
  t.equal(table.cutoff(near(2 ** 32 - 1, 0x800a)), 0)
})

test('the later of two cutoffs applies, in either order', async (t) => {
  const [key = '', other = ''] = Array.from({ length: 2 }, uuids(random(5)))
  const table = createRevocationTable(hour)
  for (const cutoff of [500, 900, 700]) table.add(key, cutoff, hour)
  t.equal(table.cutoff(key), 900)
  table.add(key, ALWAYS, hour)
  table.add(key, 950, 2 * hour)
  t.equal(table.cutoff(key), ALWAYS)
  t.equal(table.cutoff(other), 0)
})

test('a key is found in any spelling, until it expires and at most a third of the lifetime longer', async (t) => {
  const [key = ''] = Array.from({ length: 1 }, uuids(random(6)))
  const table = createRevocationTable(3 * hour)
  table.add(key, ALWAYS, 10 * hour + 1)
  table.dropExpired(10 * hour + 1)
  t.equal(table.cutoff(key.toUpperCase()), ALWAYS)
  table.dropExpired(11 * hour)
  t.equal(table.cutoff(key), 0)
  t.equal(table.size, 0)
})

test('after a short lifetime, a key expires by the minute', async (t) => {
  const [key = ''] = Array.from({ length: 1 }, uuids(random(7)))
  const table = createRevocationTable(30)
  table.add(key, ALWAYS, 10)
  table.dropExpired(59)
  t.equal(table.cutoff(key), ALWAYS)
  table.dropExpired(60)
  t.equal(table.cutoff(key), 0)
})
