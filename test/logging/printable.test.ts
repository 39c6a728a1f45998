import { test } from 'tap'
import { printable } from '../../src/logging/printable.ts'

test('control characters, line ends and direction changes are replaced, letters are not', async (t) => {
  const plain = 'Mozilla/5.0 (X11; Linux) Grüße 漢字 🥛 "quoted" <b>'
  t.equal(printable(plain), plain)
  const codes = [0, 7, 9, 10, 13, 27, 127, 128, 0x85, 0x9b, 0x9f, 0xad, 0x61c, 0x200b, 0x200e, 0x2028, 0x2029, 0x202a]
  for (const code of [...codes, 0x202e, 0x2066, 0x2069, 0xfeff, 0xfffe, 0xd800, 0xdfff, 0xe000, 0xe0001])
    t.equal(printable(`a${String.fromCodePoint(code)}b`), 'a\uFFFDb', code.toString(16))
})
