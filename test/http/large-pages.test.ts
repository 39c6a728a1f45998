import { test } from 'tap'
import { isLarge, pageInPieces } from '../../src/http/large-pages.ts'

const item = (title: string, description: string | null) => ({ title, description, completed: false })
const columns = { title: 200, description: 10_000 }
const texts = ['plain', '"\\', '\u0001\n\u007f', 'é€🥛']

test('a page in pieces equals the page as JSON, and has the announced length', (t) => {
  for (const items of [[item('a', null)], texts.map((text) => item(text, text)), [item('', ''), item('b', 'c')]])
    for (const next_cursor of [null, 'abc-_']) {
      const { length, pieces } = pageInPieces({ items, next_cursor }, columns, JSON.stringify)
      const whole = Buffer.concat([...pieces])
      t.equal(whole.length, length)
      t.equal(whole.toString(), JSON.stringify({ items, next_cursor }))
    }
  t.end()
})

test('a page takes the memory of its rows, two bytes a character, or of its JSON if that is shorter', (t) => {
  const memoryOf = (text: string) =>
    pageInPieces({ items: [item(text, null)], next_cursor: null }, columns, JSON.stringify)
  const escaped = memoryOf('\u0001'.repeat(150))
  t.equal(escaped.memory, 300)
  const plain = memoryOf('a'.repeat(150))
  t.ok(plain.length < 300)
  t.equal(plain.memory, plain.length)
  t.end()
})

test('a page is large when its texts are', (t) => {
  const page = (length: number) => ({ items: [item('x', 'y'.repeat(length)), item('z', null)], next_cursor: null })
  t.notOk(isLarge(page(1_000), columns))
  t.ok(isLarge(page(70_000), columns))
  t.end()
})
