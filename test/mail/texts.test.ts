import { test } from 'tap'
import { browserOf } from '../../src/mail/browsers.ts'
import { languageOf, languages } from '../../src/mail/languages.ts'
import { htmlOf, textOf } from '../../src/mail/layout.ts'
import { mailKinds, wordsOf } from '../../src/mail/texts.ts'

const at = '2026-11-27T10:15:00.000Z'
const link = 'https://app.example.com/reset#token=abc'

test('each mail has all its words in both languages, in a text part and an HTML part', (t) => {
  for (const language of languages)
    for (const kind of mailKinds) {
      const facts = { app: 'A & <b>', address: null, userAgent: null, at }
      const words = wordsOf(kind, language, facts)
      const content = { words, language, app: facts.app, link, code: '12345678' }
      const [text, html] = [textOf(content), htmlOf(content)]
      t.match(text, `\n${link}\n`, 'the link is on a line of its own')
      t.match(text, '\n1234 5678\n')
      t.match(
        text,
        language === 'en' ? 'an unknown network (an unknown browser)' : 'einem unbekannten Netz (unbekannter Browser)'
      )
      t.match(text, '2026')
      t.match(html, `<html lang="${language}">`)
      t.match(html, 'A &amp; &lt;b&gt;')
      t.notMatch(html, /<b>|<img|<script|url\(|src=/i, 'nothing is fetched')
      const bare = htmlOf({ ...content, link: undefined, code: undefined })
      t.notMatch(bare, /href/)
    }
  t.end()
})

test('the language is the one that the request prefers among ours', (t) => {
  const cases: [string | undefined, string][] = [
    [undefined, 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['de', 'de'],
    ['de-CH, fr;q=0.8', 'de'],
    ['en;q=0.5, de;q=0.9', 'de'],
    ['fr, it', 'en'],
    ['de;q=0', 'en'],
    [';;q=,,,\u0000', 'en']
  ]
  for (const [header, language] of cases) t.equal(languageOf(header), language, String(header))
  t.end()
})

test('browsers and systems are named by words of ours only', (t) => {
  const chrome =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
  const cases: [string | null, string | undefined, string | undefined][] = [
    [chrome, 'Chrome', 'Windows'],
    [`${chrome} Edg/140.0`, 'Edge', 'Windows'],
    [`${chrome} OPR/120.0`, 'Opera', 'Windows'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1',
      'Safari',
      'iPhone'
    ],
    ['Mozilla/5.0 (Linux; Android 16; Pixel) Gecko/140.0 Firefox/140.0', 'Firefox', 'Android'],
    ['curl/8.0', undefined, undefined],
    [null, undefined, undefined]
  ]
  for (const [agent, browser, system] of cases) t.strictSame(browserOf(agent), { browser, system }, String(agent))
  t.end()
})
