import { test } from 'tap'
import { gramsOf, gramsSought, testedGrams } from '../../src/repositories/task-grams.ts'
import { contains, fold, titleSort } from '../../src/repositories/task-keys.ts'

/** Code point order, as in the database. */
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(titleSort(a)), Buffer.from(titleSort(b)))

test('titles sort by letters, then accents, then case, and numbers by value', (t) => {
  const ordered = [
    ['1', '2.9', '2.10', '9', '10', '010b'],
    ['apple', 'Apple', 'banana', 'Zebra', 'zebra crossing'],
    ['a', 'A', 'b', 'B'],
    ['cote', 'Cote', 'cot\u{e9}', 'Cot\u{e9}', 'coter'],
    ['\u{c9}clair', 'etude', '\u{e9}tude', 'f'],
    ['aeon', '\u{e6}on', 'aero', 'lodz', '\u{142}\u{f3}d\u{17a}', 'm', 'or', '\u{f8}re', 'os'],
    ['Task', 'Task 2', 'task 2b', 'Task 10', `Task ${'9'.repeat(30)}`, `Task 1${'0'.repeat(30)}`, 'Tasks'],
    ['\u{435}\u{43b}\u{43a}\u{430}', '\u{451}\u{43b}\u{43a}\u{430}', '\u{438}\u{43e}\u{434}', '\u{439}\u{43e}\u{434}'],
    ['abc', '\u{ff22}\u{ff23}', 'C'],
    ['\u{304b}\u{304d}', '\u{304b}\u{3099}\u{304d}', '\u{304d}\u{304b}']
  ]
  const collator = new Intl.Collator('und', { numeric: true })
  for (const titles of ordered) {
    t.strictSame(titles.toReversed().sort(compare), titles)
    t.strictSame(titles.toReversed().sort(collator.compare), titles, 'as Unicode says')
  }
  t.equal(titleSort('caf\u{e9}'), titleSort('cafe\u{301}'), 'composed or not')
  t.equal(titleSort('a\t b'), titleSort('a b'))
  t.end()
})

test('a key fits into an index, whatever the title', (t) => {
  for (const title of ['\u{fdfa}', '\u{1f600}', 'W', '\u{1d160}', '0', '9', '\u{e9}', '\u{1}', '"']) {
    const key = titleSort(title.repeat(200))
    t.ok(Buffer.byteLength(key) <= 1_000, title)
    t.ok(key.isWellFormed(), title)
    t.notMatch(key, '\0')
  }
  t.end()
})

test('text is found regardless of case, composition, width and ligatures', (t) => {
  for (const [text, sought] of [
    ['Gr\u{fc}n', 'GR\u{dc}N'],
    ['gru\u{308}n', 'gr\u{fc}n'],
    ['\u{41c}\u{43e}\u{43b}\u{43e}\u{43a}\u{43e}', '\u{43c}\u{43e}\u{43b}\u{43e}'],
    ['Stra\u{df}e', 'STRASSE'],
    ['\u{39f}\u{394}\u{39f}\u{3a3}', '\u{3bf}\u{3b4}\u{3bf}\u{3c2}'],
    ['\u{ff21}\u{ff22}', 'ab'],
    ['\u{fb01}sh', 'Fish'],
    ['\u{130}stanbul', 'i\u{307}STANBUL'],
    ['co\u{ad}op', 'coop'],
    ['\u{1f600}\u{1f601}', '\u{1f601}']
  ] as const) {
    t.ok(contains({ title: text, description: null }, fold(sought)), text)
    t.ok(contains({ title: '', description: `x${text}` }, fold(sought)), text)
  }
  t.notOk(contains({ title: 'e', description: null }, fold('\u{e9}')), 'an accent counts')
  t.end()
})

/** Reads a signature as PostgreSQL does. */
const allows = (grams: Buffer, sought: string) =>
  gramsSought(fold(sought)).every((place) => {
    const at = place & (grams.length * 8 - 1)
    return ((grams[at >> 3] as number) >> (at & 7)) & 1
  })

const isMissed = (text: string, grams: Buffer, sought: string) =>
  contains({ title: text, description: null }, fold(sought)) && !allows(grams, sought)

test('a signature has no false negatives: it rules out no text that contains what is searched', (t) => {
  const text = Array.from({ length: 2_000 }, (_, i) => String.fromCodePoint(0x20 + ((i * 7919) % 0x2fff))).join('')
  for (const whole of ['a', 'ab', 'Buy milk', 'x'.repeat(10_000), text, text.slice(0, 300)]) {
    const folded = fold(whole)
    const grams = gramsOf(folded)
    let missed = 0
    for (let start = 0; start < folded.length; start += 3)
      for (const length of [1, 2, 3, 4, 10, 40])
        if (isMissed(whole, grams, folded.slice(start, start + length))) missed++
    t.equal(missed, 0)
  }
  t.end()
})

test('a signature rules out more than 98 % of the texts that do not match, in at most 2 KiB', (t) => {
  const words = Array.from({ length: 1_500 }, (_, i) => ((i * 7919) % 99_991).toString(36)).join(' ')
  const grams = gramsOf(words)
  t.ok(grams.length <= 2_048)
  const passed = Array.from({ length: 1_000 }, (_, i) => `missing ${i}`).filter((sought) => allows(grams, sought))
  t.ok(passed.length < 20, `${passed.length} of 1,000`)
  t.strictSame([gramsOf('').length, gramsOf('x'.repeat(10_000)).length], [8, 8])
  const bitsOf = (text: string) =>
    [...gramsOf(text)].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
  // None, "x", and "x", "xx" and "xxx".
  t.strictSame(['', 'x', 'xxx', 'xxxx'].map(bitsOf), [0, 1, 3, 3])
  t.equal(gramsSought('anything').length, testedGrams)
  t.end()
})
