import t from 'tap'
import { draw, interval, scoreText } from './sample.ts'

const names = Array.from({ length: 1_000 }, (_, number) => `src/a.ts:${number}=>`)

t.test('a sample has the size that is asked for, and each mutant once', (t) => {
  const sample = draw([...names, ...names], 100, '1')
  t.equal(new Set(sample).size, 100)
  t.ok(sample.every((name) => names.includes(name)))
  t.equal(draw(names, 5_000, '1').length, names.length, 'all when there are fewer')
  t.end()
})

t.test('a seed draws the same mutants again, and a larger sample begins with the smaller one', (t) => {
  const sample = draw(names, 100, '1')
  t.strictSame(draw(names.toReversed(), 100, '1'), sample)
  t.strictSame(draw(names, 300, '1').slice(0, 100), sample)
  t.notSame(draw(names, 100, '2'), sample)
  t.end()
})

t.test('each mutant is drawn as often as the others', (t) => {
  const few = names.slice(0, 20)
  const drawn = new Map(few.map((name) => [name, 0]))
  for (let seed = 0; seed < 2_000; seed += 1)
    for (const name of draw(few, 5, `${seed}`)) drawn.set(name, (drawn.get(name) ?? 0) + 1)
  // 500 each are expected, with a standard deviation of 19. The seeds are fixed, so the figures are the same each time.
  for (const count of drawn.values()) t.ok(count > 420 && count < 580, `${count} of 2,000`)
  t.end()
})

// R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), 857-872,
// table I, method 3.
for (const [successes, size, from, to] of [
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718]
] as const)
  t.test(`the interval of ${successes} of ${size} is Wilson's`, (t) => {
    const [low, high] = interval(successes, size)
    t.ok(Math.abs(low - from) < 0.00005, `${low}`)
    t.ok(Math.abs(high - to) < 0.00005, `${high}`)
    t.end()
  })

t.test('without mutants the interval of the score is 0 to 100 %', (t) => {
  t.strictSame(interval(0, 0), [0, 1])
  t.equal(scoreText(0, 0), '- % (0 of 0), 95 % interval 0.0 to 100.0 %')
  t.end()
})

t.test('a score is printed with its interval', (t) => {
  t.equal(scoreText(135, 150), '90.0 % (135 of 150), 95 % interval 84.2 to 93.8 %')
  t.end()
})
