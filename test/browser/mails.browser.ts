import { chromium } from 'playwright-core'
import t, { test } from 'tap'
import { languages } from '../../src/mail/languages.ts'
import { htmlOf } from '../../src/mail/layout.ts'
import { mailKinds, wordsOf } from '../../src/mail/texts.ts'
import { chromiumPath } from '../helpers/find-browser.ts'
import { checkAccessibility, colors, keepScreenshot } from '../helpers/looks.ts'

const browser = await chromium.launch({ executablePath: chromiumPath ?? '', args: ['--no-sandbox'] })
t.teardown(() => browser.close())

const wcag = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } as const

/** Color scheme, width, and the rules of axe; the others have no rule that depends on the width. */
const looks = [
  ['light', 320, wcag],
  ['light', 390, undefined],
  ['light', 1024, undefined],
  ['dark', 390, colors],
  ['dark', 1024, undefined]
] as const

const link = `https://app.example.com/verify#token=${'w'.repeat(43)}`
const facts = {
  app: 'Gatehouse',
  address: '2001:db8:85a3:8d3::/64',
  userAgent: 'Mozilla/5.0 (Linux; Android 16; Pixel) Gecko/140.0 Firefox/140.0',
  at: '2026-11-27T10:15:00.000Z'
}

for (const language of languages)
  test(`every mail in ${language}: no accessibility violation, nothing wider than the screen, nothing fetched`, async (t) => {
    for (const [colorScheme, width, rules] of looks) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 700 } })
      const page = await context.newPage()
      const fetched: string[] = []
      page.on('request', (request) => fetched.push(request.url()))
      for (const kind of mailKinds) {
        const name = `mail-${kind}-${language}-${colorScheme}-${width}`
        const words = wordsOf(kind, language, facts)
        const given = { link: words.action && link, code: words.code && '12345678' }
        await page.setContent(htmlOf({ words, language, app: facts.app, ...given }))
        await keepScreenshot(page, name, { fullPage: true })
        if (rules) await checkAccessibility(t, page, name, rules)
        t.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${name} fits`)
      }
      t.strictSame(fetched, [])
      await context.close()
    }
  })
