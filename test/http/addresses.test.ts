import { test } from 'tap'
import { readAddress } from '../../src/http/addresses.ts'

/** Spellings of the same address. */
const spellings: Record<string, string[]> = {
  '203.0.113.8': [
    ...['203.0.113.8', ' 203.0.113.8\t', '203.0.113.8:50001', '203.0.113.8:', '"203.0.113.8"', '"203.0.113.8:1"'],
    ...['::ffff:203.0.113.8', '::FFFF:203.0.113.8', '::ffff:cb00:7108', '0:0:0:0:0:ffff:203.0.113.8'],
    ...[
      '[::ffff:203.0.113.8]:443',
      'for=203.0.113.8',
      'For="203.0.113.8:4711"',
      'for=203.0.113.8;proto=https;by=10.0.0.1'
    ]
  ],
  '2001:db8::1': [
    ...['2001:db8::1', '2001:DB8::1', '2001:db8:0:0:0:0:0:1', '2001:0db8:0000:0000:0000:0000:0000:0001'],
    ...['[2001:db8::1]', '[2001:db8::1]:50001', '"[2001:db8::1]:4711"', '"2001:db8::1"'],
    ...['for="[2001:db8::1]:4711"', 'for="[2001:db8::1]";proto=https', 'FOR=[2001:db8::1]']
  ],
  'fe80::1': ['fe80::1', 'fe80::1%eth0', '[fe80::1%25eth0]', '[fe80::1%eth0]:80', '"[fe80::1%1]:80"'],
  '::1': ['::1', '[::1]', '[::1]:8000']
}
for (const [address, texts] of Object.entries(spellings))
  test(`${address} is normalized to one spelling`, async (t) => {
    for (const text of texts) t.equal(readAddress(text), address, text)
    t.equal(readAddress(readAddress(address)), address)
  })

test('an invalid address is refused', async (t) => {
  const wrong = [
    ...[undefined, '', ' ', 'unknown', '_hidden', 'x', '"><script>', 'a'.repeat(8_000), '1'.repeat(8_000), 'localhost'],
    ...[
      '1',
      '1.2',
      '1.2.3',
      '1.2.3.4.5',
      '999.1.1.1',
      '01.2.3.4',
      '0x7f.0.0.1',
      '0177.0.0.1',
      '2130706433',
      '1.2.3.4x'
    ],
    ...['1.2.3.4:x', '1.2.3.4:80:80', '1.2.3.4/8', '1.2.3.4 5.6.7.8', '1.2.3.4,5.6.7.8', '"1.2.3.4', '1.2.3.4"'],
    ...[
      "'1.2.3.4'",
      'http://1.2.3.4',
      '[1.2.3.4]x',
      '[::1',
      '::1]',
      '[::1]80',
      '[]',
      '[]:80',
      ':80',
      ':::',
      '::1::',
      '12345::'
    ],
    ...['2001:db8::g', 'by=1.2.3.4', 'for=', 'for=unknown', 'for=_x;proto=https', '\u00001.2.3.4'],
    ...['fe80::1%', `fe80::1%${'z'.repeat(200)}`, '１.2.3.4']
  ]
  for (const text of wrong) t.equal(readAddress(text), undefined, JSON.stringify(text?.slice(0, 50)))
})

test('an address may have 128 characters, zone included', async (t) => {
  const zone = (length: number) => `fe80::1%${'z'.repeat(length - 8)}`
  t.equal(readAddress(zone(128)), 'fe80::1')
  t.equal(readAddress(zone(129)), undefined)
})

test('a normalized address stays the same when normalized again', async (t) => {
  const letters = [
    '1',
    '2',
    '0',
    'f',
    'a',
    ':',
    '.',
    '[',
    ']',
    '"',
    '%',
    'for=',
    ';',
    '::ffff:',
    '1.2.3.4',
    '2001:db8::',
    '/'
  ]
  let state = 7
  const next = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state % below
  }
  let valid = 0
  const changed: string[] = []
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: 1 + next(8) }, () => letters[next(letters.length)]).join('')
    const address = readAddress(text)
    if (address === undefined) continue
    valid += 1
    if (readAddress(address) !== address || !/^[\da-f:.]+$/.test(address)) changed.push(text)
  }
  t.ok(valid > 1_000, `${valid} valid addresses`)
  t.strictSame(changed, [])
})
