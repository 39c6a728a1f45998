import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { test } from 'tap'
import { findViolations } from '../helpers/looks.ts'
import { openSite, seen } from '../helpers/site.ts'

interface Measured {
  page: string
  'first paint (ms)': number
  'largest paint (ms)': number
  'layout shift': number
  'script (KB)': number
  'all (KB)': number
  requests: number
  accessibility: string
}

/** Without the pages that are loaded ahead three seconds later, which on a busy machine would count as well. */
const loadNothingAhead = (page: Page) =>
  page.addInitScript(() => {
    const { setTimeout } = window
    const later = (act: () => void, milliseconds?: number) =>
      milliseconds === 3_000 ? 0 : setTimeout(act, milliseconds)
    Object.assign(window, { setTimeout: later })
  })

/** Measures a page with an empty cache; sizes are compressed. */
async function measure(page: Page, path: string, heading: string): Promise<Measured> {
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  const types = new Map<string, string>()
  const sizes = { script: 0, all: 0 }
  session.on('Network.responseReceived', ({ requestId, type }) => types.set(requestId, type))
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    sizes.all += encodedDataLength
    if (types.get(requestId) === 'Script') sizes.script += encodedDataLength
  })
  await page.goto(path)
  await seen(page, heading)
  await page.waitForLoadState('networkidle')
  const paint = await page.evaluate(
    () =>
      new Promise<{ first: number; largest: number; shift: number }>((resolve) => {
        const first = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN
        let shift = 0
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) shift += 'value' in entry ? Number(entry.value) : 0
        }).observe({ type: 'layout-shift', buffered: true })
        // Every page has one of these. The observers are told in the order in which they were registered.
        new PerformanceObserver((list) => {
          resolve({ first, largest: list.getEntries().at(-1)?.startTime ?? Number.NaN, shift })
        }).observe({ type: 'largest-contentful-paint', buffered: true })
      })
  )
  const { violations, passes } = await findViolations(page)
  await session.detach()
  return {
    page: path,
    'first paint (ms)': Math.round(paint.first),
    'largest paint (ms)': Math.round(paint.largest),
    'layout shift': Math.round(paint.shift * 1000) / 1000,
    'script (KB)': Math.round(sizes.script / 102.4) / 10,
    'all (KB)': Math.round(sizes.all / 102.4) / 10,
    requests: types.size,
    accessibility: `${passes} of ${passes + violations.length}`
  }
}

test('pages are small, do not shift while loading, and are accessible', async (t) => {
  const site = await openSite(t)
  const stranger = await site.person()
  await loadNothingAhead(stranger.page)
  const rows = [await measure(stranger.page, '/login', 'Sign in'), await measure(stranger.page, '/signup', 'Sign up')]
  const { page } = await site.signedUp()
  await loadNothingAhead(page)
  for (const [path, heading] of [
    ['/', 'Tasks'],
    ['/profile', 'Profile'],
    ['/security', 'Security'],
    ['/sessions', 'Sessions'],
    ['/tokens', 'Access tokens'],
    ['/activity', 'Activity'],
    ['/password', 'Change password'],
    ['/delete-account', 'Delete account']
  ] as const)
    rows.push(await measure(page, path, heading))

  for (const row of rows) {
    t.ok(row['script (KB)'] > 20 && row['script (KB)'] < 120, `${row.page}: ${row['script (KB)']} KB of script`)
    t.ok(row['layout shift'] < 0.1, `${row.page}: layout shift ${row['layout shift']}`)
    const [passed, all] = row.accessibility.split(' of ')
    t.equal(passed, all, `${row.page}: accessibility`)
  }
  const names = Object.keys(rows[0] ?? {}) as (keyof Measured)[]
  const line = (cells: unknown[]) => `| ${cells.join(' | ')} |`
  const table = [line(names), line(names.map(() => '---')), ...rows.map((row) => line(names.map((name) => row[name])))]
  mkdirSync(new URL('../../web/report/', import.meta.url), { recursive: true })
  writeFileSync(new URL('../../web/report/speed.md', import.meta.url), `${table.join('\n')}\n`)
  for (const text of table) t.comment(text)
})

test('the first page needs less than 100 KB of script, with gzip too', (t) => {
  const dist = new URL('../../web/dist/', import.meta.url)
  const page = readFileSync(new URL('index.html', dist), 'utf8')
  const scripts = [...page.matchAll(/src="\/([^"]+\.js)"/g)].map(([, path]) => path ?? '')
  const size = (ending: string) =>
    scripts.reduce((sum, path) => sum + readFileSync(new URL(`${path}${ending}`, dist)).length, 0)
  t.equal(scripts.length, 2)
  for (const path of scripts) t.notMatch(readFileSync(new URL(path, dist), 'utf8'), /from\s*["'`]\.\//, 'all is in it')
  t.ok(size('.gz') < 100_000, `${size('.gz')} bytes with gzip`)
  t.comment(`${size('.br')} bytes with Brotli`)
  t.end()
})

test('only one copy of React is served', (t) => {
  const assets = new URL('../../web/dist/assets/', import.meta.url)
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'))
  const code = scripts.map((name) => readFileSync(new URL(name, assets), 'utf8')).join('\n')
  const versions = [...code.matchAll(/\.version=[`'"](\d+\.\d+\.\d+)/g)].map(([, version]) => version)
  t.equal(versions.length, 2, 'react and react-dom')
  t.equal(new Set(versions).size, 1)
  t.equal(code.match(/reconcilerVersion:/g)?.length, 1)
  t.end()
})
