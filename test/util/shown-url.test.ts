import { test } from 'tap'
import { quoted, shownUrl } from '../../src/util/shown-url.ts'

test('a URL is shown without the parts that may be secret', (t) => {
  for (const [url, shown] of [
    ['postgres://ann:hush@db.example:5433/tasks?password=hush', 'postgres://db.example:5433/tasks'],
    ['postgres:///tasks?host=/run&password=hush', 'postgres:///tasks'],
    ['redis://:hush@[::1]:6379/0', 'redis://[::1]:6379/0'],
    ['https://hush@id.example/keys?key=hush#hush', 'https://id.example/keys'],
    ['https://id.example/keys', 'https://id.example/keys']
  ] as const)
    t.equal(shownUrl(url), shown)
  t.end()
})

test('a wrong setting is repeated in a message, except for parts that may be secret', (t) => {
  for (const [text, shown] of [
    ['example.com', '"example.com"'],
    ['https://id.example/keys', '"https://id.example/keys"'],
    ['https://id.example?key=hush', '"https://id.example/"'],
    ['ftp://id.example/keys?key=hush#hush', '"ftp://id.example/keys"'],
    ['is this right?', '"is this right?"'],
    ['https://ann:hush@id.example', 'a value with an @, not shown because it may hold a password,']
  ] as const)
    t.equal(quoted(text), shown)
  t.match(
    quoted('https://ann:hu', 'https://ann:hu,sh@id.example'),
    'not shown',
    'of a list that is split in a password'
  )
  t.end()
})
