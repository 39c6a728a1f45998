import type { Locator, Page } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks, colors } from '../helpers/looks.ts'
import { loaded, openSite, seen } from '../helpers/site.ts'

const site = await openSite(t)

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox()
  if (!box) throw new Error('not visible')
  return box
}

const pages = [
  ['/', 'Tasks'],
  ['/profile', 'Profile'],
  ['/security', 'Security'],
  ['/sessions', 'Sessions'],
  ['/tokens', 'Access tokens'],
  ['/activity', 'Activity'],
  ['/password', 'Change password'],
  ['/delete-account', 'Delete account'],
  ['/nowhere', 'Page not found']
] as const
const edges = [
  [320, 16],
  [768, 31],
  [1440, 184]
] as const

/** Resizes a page, and returns the distance of its heading from the edge where lines start. */
async function edgeAt(page: Page, width: number, direction: string): Promise<number> {
  await page.setViewportSize({ width, height: 800 })
  await page.waitForFunction((width) => innerWidth === width, width)
  const { x, width: own } = await boxOf(page.getByRole('heading', { level: 1 }))
  return Math.round(direction === 'ltr' ? x : width - x - own)
}

for (const direction of ['ltr', 'rtl'] as const)
  test(`every page starts at the same edge at every width, ${direction}`, async (t) => {
    const look = direction === 'rtl' ? ({ forcedColors: 'active' } as const) : {}
    const [guest, user] = [await site.person(look), await site.signedUp(look)]
    for (const { context } of [guest, user])
      await context.addInitScript(
        (dir: string) =>
          document.addEventListener('DOMContentLoaded', () => {
            document.documentElement.dir = dir
          }),
        direction
      )
    for (const [path, heading, { page }] of [
      ['/login', 'Sign in', guest],
      ['/signup', 'Sign up', guest],
      ...pages.map(([path, heading]) => [path, heading, user] as const)
    ] as const) {
      await page.goto(path)
      await seen(page, heading)
      await loaded(page)
      for (const [width, edge] of edges) {
        t.equal(await edgeAt(page, width, direction), edge, `${path} ${width} ${direction}`)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        t.ok(overflow <= 0, `${path} ${width} ${direction} fits`)
        // The rest has been checked with every page's appearance.
        const name = `layout${path.replace('/', '-')}-${width}-${direction}`
        if (width === 320) await checkLooks(t, page, name, colors)
      }
    }
  })

test('on a phone, the End button is on the line of its session', async (t) => {
  const { page, email } = await site.signedUp({ viewport: { width: 320, height: 640 } })
  await site.signedIn(email)
  await page.goto('/sessions')
  const row = page.getByRole('listitem').filter({ has: page.getByRole('button') })
  const [name, end] = [await boxOf(row.getByRole('heading')), await boxOf(row.getByRole('button'))]
  t.ok(end.y < name.y + name.height && name.y < end.y + end.height, 'they share a line')
  t.ok(end.x > name.x + name.width - 1, 'side by side')
})

test('deleting the account is apart from the other account pages', async (t) => {
  const { page } = await site.signedUp()
  await page.goto('/profile')
  await seen(page, 'Profile')
  const links = page.getByRole('navigation', { name: 'Account' }).getByRole('link')
  t.strictSame(await links.allTextContents(), [
    'Profile',
    'Security',
    'Sessions',
    'Access tokens',
    'Activity',
    'Password'
  ])
  await page.getByRole('link', { name: 'Delete account' }).click()
  await seen(page, 'Delete account')
})
