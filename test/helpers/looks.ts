import { mkdirSync } from 'node:fs'
import axe from 'axe-core'
import type { Page, PageScreenshotOptions } from 'playwright-core'
import type { Test } from 'tap'

/** The folder of screenshots for review. */
const folder = new URL('../../web/report/', import.meta.url)
mkdirSync(folder, { recursive: true })

/** Takes a screenshot, except in CI, where nobody looks at it. */
export async function keepScreenshot(page: Page, name: string, options: PageScreenshotOptions = {}): Promise<void> {
  const path = new URL(`${name}.png`, folder).pathname
  if (!process.env.CI) await page.screenshot({ path, animations: 'disabled', ...options })
}

/** What a page with the same content may break in other colors. */
export const colors = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } as const

/** Contexts in which a page must be accessible and fit; `zoomed` is 1280 by 900 at 200 %. */
export const looks = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: 'dark', viewport: { width: 320, height: 640 } },
  zoomed: { colorScheme: 'light', viewport: { width: 640, height: 450 } },
  forced: { forcedColors: 'active', viewport: { width: 390, height: 844 } }
} as const

type Rules = typeof colors | { type: 'tag'; values: readonly string[] }

/**
 * Finds accessibility violations by these rules, or by all, and counts the rules that pass. Loads axe once into each document: to
 * read its half megabyte takes as long as to check a page.
 */
export async function findViolations(page: Page, rules?: Rules) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  const runOnly = rules && { type: rules.type, values: [...rules.values] }
  return page.evaluate(async (options) => {
    const { axe: loaded } = window as unknown as { axe: typeof axe }
    const { violations, passes } = await loaded.run(document, { ...options, resultTypes: ['violations'] })
    return {
      violations: violations.map(({ id, nodes }) => ({ id, html: nodes.map(({ html }) => html) })),
      passes: passes.length
    }
  }, runOnly && { runOnly })
}

/** Fails on accessibility violations of these rules, or of all. */
export async function checkAccessibility(t: Test, page: Page, name: string, rules?: Rules): Promise<void> {
  const { violations } = await findViolations(page, rules)
  t.strictSame(
    violations.map(({ id, html }) => `${id}: ${html.map((text) => text.slice(0, 120)).join(' | ')}`),
    [],
    name
  )
}

/** Takes a screenshot; fails on accessibility violations and on horizontal overflow. */
export async function checkLooks(t: Test, page: Page, name: string, rules?: Rules): Promise<void> {
  await keepScreenshot(page, name)
  await checkAccessibility(t, page, name, rules)
  // A phone zooms out to show all of a wider page, and its innerWidth grows.
  const width = await page.evaluate(() => document.documentElement.scrollWidth)
  t.ok(width <= (page.viewportSize()?.width ?? 0), `${name} fits: ${width}`)
}
