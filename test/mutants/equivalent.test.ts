import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readEquivalents, type Survivor, unlisted } from './equivalent.ts'

const repository = join(import.meta.dirname, '../..')

t.test('each equivalent mutant in the list stands in the source, once, and has a reason', (t) => {
  const seen = new Set<string>()
  for (const { file, line, from, to, why } of readEquivalents())
    for (const replacement of [to].flat()) {
      const name = `${file}: ${line}: ${from} > ${replacement}`
      const path = join(repository, file)
      const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
      t.ok(
        lines.some((text) => text.trim() === line),
        name
      )
      // A run cuts what is long, and what goes on in the next line does not stand in this one.
      const begin = from.replace(/\.\.\.$/, '')
      t.ok(
        [...line].some((_, at) => line.startsWith(begin, at) || begin.startsWith(`${line.slice(at)} `)),
        `${name}, the original`
      )
      t.not(replacement, from, name)
      t.match(why, /^.{20,}\.$/, name)
      t.notOk(seen.has(name), `${name}, only once`)
      seen.add(name)
    }
  t.ok(seen.size > 0)
  t.end()
})

t.test('a survivor is listed by its file, its line, its text and its replacement', (t) => {
  const survivor: Survivor = {
    file: 'src/a.ts',
    number: 7,
    line: 'if (a && b) c()',
    from: 'a && b',
    to: 'a',
    isReached: true
  }
  const entry = { file: 'src/a.ts', line: 'if (a && b) c()', from: 'a && b', to: ['a', 'b'], why: 'b is always true.' }
  t.strictSame(unlisted([survivor], [entry]), [])
  t.strictSame(unlisted([survivor], [{ ...entry, to: 'a' }]), [], 'with one replacement')
  t.strictSame(unlisted([{ ...survivor, number: 9 }], [entry]), [], 'wherever the line stands')
  for (const other of [{ file: 'src/b.ts' }, { line: 'if (a && b) d()' }, { from: 'a' }, { to: 'true' }])
    t.strictSame(unlisted([{ ...survivor, ...other }], [entry]), [{ ...survivor, ...other }], JSON.stringify(other))
  t.end()
})
