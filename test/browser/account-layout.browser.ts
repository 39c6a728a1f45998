import type { Locator } from 'playwright-core'
import t, { test } from 'tap'
import { checkLooks } from '../helpers/looks.ts'
import { logIn, openSite, seen } from '../helpers/site.ts'

const site = await openSite(t)

async function boxOf(locator: Locator) {
  const box = await locator.boundingBox()
  if (!box) throw new Error('not visible')
  return box
}

const pages = [
  ['/', 'Tasks'],
  ['/profile', 'Profile'],
  ['/sessions', 'Sessions'],
  ['/password', 'Change password'],
  ['/delete-account', 'Delete account'],
  ['/nowhere', 'Page not found']
] as const
const edges = { 320: 16, 768: 31, 1440: 184 }

for (const [width, edge] of Object.entries(edges))
  test(`every page starts at the same edge at ${width} pixels, from left and from right`, async (t) => {
    for (const direction of ['ltr', 'rtl'] as const) {
      const viewport = { width: Number(width), height: 800 }
      const look = direction === 'rtl' ? ({ viewport, forcedColors: 'active' } as const) : { viewport }
      const guest = await site.person(look)
      const turn = (dir: string) =>
        document.addEventListener('DOMContentLoaded', () => {
          document.documentElement.dir = dir
        })
      await guest.context.addInitScript(turn, direction)
      const { page, context } = await site.signedUp(look)
      await context.addInitScript(turn, direction)
      for (const [path, heading, on] of [
        ['/login', 'Sign in', guest.page],
        ['/signup', 'Sign up', guest.page],
        ...pages.map(([path, heading]) => [path, heading, page] as const)
      ] as const) {
        await on.goto(path)
        await seen(on, heading)
        const { x, width: own } = await boxOf(on.getByRole('heading', { level: 1 }))
        t.equal(Math.round(direction === 'ltr' ? x : Number(width) - x - own), edge, `${path} ${direction}`)
        const overflow = await on.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        t.ok(overflow <= 0, `${path} ${direction} fits`)
        // The other widths differ in nothing that axe looks at.
        if (edge !== edges[320]) continue
        await on.waitForLoadState('networkidle')
        await checkLooks(t, on, `layout${path.replace('/', '-')}-${width}-${direction}`)
      }
      await context.close()
      await guest.context.close()
    }
  })

test('on a phone, End is on the line of its session', async (t) => {
  const { page, email } = await site.signedUp({ viewport: { width: 320, height: 640 } })
  const elsewhere = await site.person()
  await elsewhere.page.goto('/')
  await logIn(elsewhere.page, email)
  await seen(elsewhere.page, 'Tasks')
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
  t.strictSame(await links.allTextContents(), ['Profile', 'Sessions', 'Password'])
  await page.getByRole('link', { name: 'Delete account' }).click()
  await seen(page, 'Delete account')
})
