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

test('a page is large when its texts are', (t) => {
  const page = (length: number) => ({ items: [item('x', 'y'.repeat(length)), item('z', null)], next_cursor: null })
  t.notOk(isLarge(page(1_000), columns))
  t.ok(isLarge(page(70_000), columns))
  t.end()
})
