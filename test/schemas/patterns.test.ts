import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { contractOf } from '../helpers/contract.ts'

const { app } = await startApp(t)

interface Schema {
  pattern?: string
  allOf?: unknown
  [key: string]: unknown
}

/** Every text schema of the contract, by its location. */
function textsOf(node: unknown, place = ''): [string, Schema][] {
  if (typeof node !== 'object' || node === null) return []
  const here: [string, Schema][] = 'type' in node && node.type === 'string' ? [[place, node as Schema]] : []
  return [...here, ...Object.entries(node).flatMap(([key, value]) => textsOf(value, `${place}/${key}`))]
}

const texts = textsOf(contractOf(app))
const withPattern = texts.flatMap(([place, { pattern }]) => (pattern === undefined ? [] : [[place, pattern] as const]))

/** Generated clients compile a pattern with or without it: Ajv with, zod's generators without. */
const dialects = ['u', ''] as const

const accepted = [
  'Milk 🥛7',
  '🥛7🥛',
  'ß 7 日本語',
  '\u{10ffff}\u{10000} 7',
  '\uffff7\ue000 \ud7ff',
  ' \n7 x\n\n',
  `${'😀'.repeat(18)} 7`
]
const refused = [
  'a \0 7',
  '\0',
  'a 7\ud83e',
  '\ud83e a 7',
  '\udd5b\ud83e a 7',
  'a 7 \ud83e\ud83e\udd5b',
  'a 7 \ud83e\udd5b\udd5b',
  'a 7\ud800b',
  'a 7\udfff',
  '🥛 7\ud83e'
]

test('a pattern means the same with and without the flag u: emoji pass, U+0000 and lone surrogates do not', async (t) => {
  const isEncoded = (pattern: string) => /^\^\[[\w.-]+\]\+\$$/.test(pattern)
  const places = withPattern.filter(([place, pattern]) => !/email|token|code/.test(place) && !isEncoded(pattern))
  t.ok(places.length > 10)
  for (const [place, pattern] of places)
    for (const flag of dialects) {
      const expression = new RegExp(pattern, flag)
      const what = `${place} with ${flag || 'no flag'}`
      for (const text of accepted) t.match(text, expression, `${what} accepts ${JSON.stringify(text)}`)
      for (const text of refused) t.notMatch(text, expression, `${what} refuses ${JSON.stringify(text)}`)
    }
})

test('blank text is refused, with either flag', async (t) => {
  for (const name of ['NewTask/properties/title', 'NewUser/properties/name'])
    for (const flag of dialects) {
      const [, pattern = ''] = withPattern.find(([place]) => place.endsWith(name)) ?? []
      for (const text of ['', ' ', '\t\n', '\u00a0\u3000'])
        t.notMatch(text, new RegExp(pattern, flag), `${name} ${JSON.stringify(text)}`)
      for (const text of ['🥛', ' 🥛 ', '\n-']) t.match(text, new RegExp(pattern, flag))
    }
})

test('a new password needs a digit and a special character, or 15 characters, with either flag', async (t) => {
  for (const name of ['NewUser/properties/password', 'PasswordChange/properties/new_password'])
    for (const flag of dialects) {
      const [, pattern = ''] = withPattern.find(([place]) => place.endsWith(name)) ?? []
      for (const text of [
        'correct-horse-7',
        '7-------',
        '-------7',
        'ünicode7',
        '🥛🥛7',
        '\n7',
        'fifteenletters!',
        'fifteen letters',
        'ananasananasana'
      ])
        t.match(text, new RegExp(pattern, flag), JSON.stringify(text))
      for (const text of ['', 'no-digit', 'nospecial77', '12345678', 'fourteenletter', '🥛🥛', 'ünicode', '٣-------'])
        t.notMatch(text, new RegExp(pattern, flag), JSON.stringify(text))
    }
})

test('a pattern takes linear time', async (t) => {
  const hostile = [' '.repeat(60_000), '7'.repeat(60_000), `${'🥛'.repeat(15_000)}\ud83e`, `${'-7 '.repeat(20_000)}\0`]
  for (const [place, pattern] of withPattern)
    for (const flag of dialects)
      for (const text of hostile) t.type(new RegExp(pattern, flag).test(text), 'boolean', place)
})

test('text has one schema without allOf, which generators turn into `string & string`', async (t) => {
  t.strictSame(
    texts.filter(([, schema]) => schema.allOf).map(([place]) => place),
    []
  )
})
