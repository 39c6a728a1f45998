import { mkdirSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'

/** The folder of screenshots for review. */
const folder = new URL('../../web/report/', import.meta.url)
mkdirSync(folder, { recursive: true })

export const screenshots = (name: string) => new URL(`${name}.png`, folder).pathname

/** Takes a screenshot; fails on accessibility violations and on horizontal overflow. */
export async function checkLooks(t: Test, page: Page, name: string): Promise<void> {
  await page.screenshot({ path: screenshots(name), animations: 'disabled' })
  // Without frames, the mode that opens a page of its own for the result finds no more.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  t.strictSame(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`),
    [],
    name
  )
  // A phone zooms out to show all of a wider page, and its innerWidth grows.
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  t.ok(width <= (page.viewportSize()?.width ?? 0), `${name} fits: ${width}`)
}
