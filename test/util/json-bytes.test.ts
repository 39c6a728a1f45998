import { test } from 'tap'
import { jsonBytes } from '../../src/util/json-bytes.ts'

test('the computed bytes of a text in JSON equal the written ones', (t) => {
  const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))
  for (const text of [
    '',
    'plain',
    '"\\/',
    ...controls,
    '\u007f',
    '\u0080é\u07ff',
    '\u0800€\uffff',
    '🥛𝒳',
    '\u2028\u2029'
  ])
    t.equal(jsonBytes(text), Buffer.byteLength(JSON.stringify(text)) - 2, encodeURIComponent(text))
  t.end()
})
