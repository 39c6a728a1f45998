import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { parse } from 'yaml'
import { emailFault, normalEmail } from '../../src/auth/email-address.ts'

const label = 'y'.repeat(61)
const accepted: [string, string][] = [
  ['ann@example.com', 'ann@example.com'],
  [' \u00a0ANN@Example.COM\n', 'ann@example.com'],
  ["o'neil+%_tag@example.co.uk", "o'neil+%_tag@example.co.uk"],
  ['a..b.@docomo.ne.jp', 'a..b.@docomo.ne.jp'],
  ['ann.@example.com', 'ann.@example.com'],
  ['anna@müller.de', 'anna@xn--mller-kva.de'],
  ['ANNA@MÜLLER.DE', 'anna@xn--mller-kva.de'],
  ['anna@mu\u0308ller.de', 'anna@xn--mller-kva.de'],
  ['anna@XN--MLLER-KVA.de', 'anna@xn--mller-kva.de'],
  ['a@faß.de', 'a@xn--fa-hia.de'],
  ['a@FAẞ.de', 'a@xn--fa-hia.de'],
  ['a@fass.de', 'a@fass.de'],
  ['a@日本語.jp', 'a@xn--wgv71a119e.jp'],
  ['a@例え。テスト', 'a@xn--r8jz45g.xn--zckzah'],
  ['a@пример.испытание', 'a@xn--e1afmkfd.xn--80akhbyknj4f'],
  ['a@مثال.إختبار', 'a@xn--mgbh0fb.xn--kgbechtv'],
  ['a@نامه\u200cای.com', 'a@xn--mgba3gch31f060k.com'],
  ['a@l·la.cat', 'a@xn--lla-lga.cat'],
  ['a@ｅxample．com', 'a@example.com'],
  ['a@sub.müller.co', 'a@sub.xn--mller-kva.co'],
  ['a@xn--mller-kva.müller.de', 'a@xn--mller-kva.xn--mller-kva.de'],
  [`${'x'.repeat(64)}@${label}.${label}.${label}.com`, `${'x'.repeat(64)}@${label}.${label}.${label}.com`],
  // Stored under an earlier rule; must stay valid unchanged.
  ['a@xn--not-punycode-\u0061.com', 'a@xn--not-punycode-a.com'],
  ['a@192.0.2.1', 'a@192.0.2.1']
]

test('an address is normalized in case, blanks and domain', async (t) => {
  for (const [text, address] of accepted) {
    t.equal(normalEmail(text), address, text)
    t.equal(emailFault(text), undefined, text)
    t.equal(normalEmail(address), address, `${text}: and that of its spelling is the same`)
  }
})

const example = /^must be an email address such as/
const before = /^must have only the letters a-z, .* before the @/
const domain = /^must have a domain such as example.com after the @$/
const long = /^must be at most 254 characters long$/
const refused: [string, RegExp][] = [
  ...['', ' ', 'ann', '@', 'ann@', '@example.com', ' @ '].map((text): [string, RegExp] => [text, example]),
  ['josé@example.com', before],
  ['jose\u0301@example.com', before],
  ['\u212aate@example.com', before],
  ['\uff41nn@example.com', before],
  ['\ud800@example.com', before],
  ['ann\0@example.com', before],
  ['a nn@example.com', before],
  ['ann@@example.com', before],
  ['.ann@example.com', before],
  ['"ann"@example.com', before],
  ['Ann <ann@example.com>', before],
  ['ann@example.com, eve@example.com', before],
  ['ann@example.com\r\nBcc: eve@example.com', before],
  ['ann\u200b@example.com', before],
  ['ann＠example.com', example],
  [`${'x'.repeat(65)}@example.com`, /^must have at most 64 characters before the @$/],
  ['admin@localhost', domain],
  ['a@ü', domain],
  ['x@my_host.com', domain],
  ['x@my_hö.com', domain],
  ['x@m%C3%BCller.de', domain],
  ['x@mü%41ller.de', domain],
  ['ann@[127.0.0.1]', domain],
  ['ann@[IPv6:::1]', domain],
  ['ann@１２７.1', domain],
  ['ann@example.com.', domain],
  ['ann@müller.de.', domain],
  ['ann@müller.de。', domain],
  ['ann@-example.com', domain],
  ['ann@example-.com', domain],
  ['ann@-müller.de', domain],
  ['ann@müller-.de', domain],
  ['ann@example.müller-', domain],
  ['ann@müller。-x.de', domain],
  ['ann@example..com', domain],
  ['ann@mü..de', domain],
  ['ann@exa mple.com', domain],
  ['ann@mül ler.de', domain],
  ['ann@mül\u3000ler.de', domain],
  ['ann@example.com\u200b', domain],
  ['ann@exa\u00admple.com', domain],
  ['ann@mü\u2060ller.de', domain],
  ['ann@mü\u202eller.de', domain],
  ['ann@mü\0ller.de', domain],
  ['ann@m\ud800ller.de', domain],
  ['ann@1א.com', domain],
  ['ann@xn--zzzzzzz99.ü.de', domain],
  ['ann@mü/ller.de', domain],
  ['ann@mü:25.de', domain],
  ['ann@mü?x.de', domain],
  ['ann@mü#x.de', domain],
  [`a@${'x'.repeat(64)}.com`, domain],
  [`a@${'ü'.repeat(63)}.de`, domain],
  [`x@${'yyyy.'.repeat(50)}com`, long],
  [`${'x'.repeat(64)}@${'ü.'.repeat(60)}de`, domain],
  [`${'x'.repeat(64)}@${label}.${label}.${label}.ü.de`, long],
  [`${'x'.repeat(64)}@${label}.${label}.${'y'.repeat(55)}.ü.de`, long],
  [`${'x'.repeat(255)}`, long],
  [`a@${'ü'.repeat(60_000)}.de`, long]
]

test('an undeliverable address is refused with an explanation', async (t) => {
  for (const [text, fault] of refused) {
    t.equal(normalEmail(text), undefined, JSON.stringify(text.slice(0, 80)))
    t.match(emailFault(text), fault, JSON.stringify(text.slice(0, 80)))
  }
})

test('the pattern of the contract accepts every valid address, with and without the flag u', async (t) => {
  const { components } = parse(readFileSync(new URL('../../openapi.yaml', import.meta.url), 'utf8'))
  for (const schema of ['NewUser', 'Login']) {
    const { pattern, format } = components.schemas[schema].properties.email
    t.equal(format, 'idn-email')
    for (const flag of ['', 'u']) {
      for (const [text] of accepted) t.match(text, new RegExp(pattern, flag), text)
      for (const text of ['ann', '@', 'josé@example.com', 'a b@example.com', 'a@b@c'])
        t.notMatch(text, new RegExp(pattern, flag), text)
    }
  }
})
