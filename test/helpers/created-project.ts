import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Response } from 'playwright-core'
import type { Test } from 'tap'
import { buildImage } from './dockerfile.ts'
import { listening, type Machine } from './machine.ts'
import { unusedPort } from './ports.ts'
import { browse, password } from './site.ts'
import { until } from './wait.ts'

/** A project as it is when it is checked out: created, with its lockfile and without its packages. */
export async function createProject({ folder, run }: Machine, web: 'vite' | 'next'): Promise<string> {
  const name = `my-${web}`
  await run({ cwd: folder }, 'npm', 'create', '--yes', 'gatehouse@latest', name, '--', '--web', web)
  const project = join(folder, name)
  await run({ cwd: project }, 'npm', 'install', '--package-lock-only')
  return project
}

/** Starts the image of the API as a container would, and asks it what its health check asks. */
export async function startApi(t: Test, machine: Machine, project: string) {
  const { folder, image, env, command, health } = await buildImage(machine, project)
  t.match(image, /^node:24-/)
  t.notOk((await readdir(folder)).includes('.env'), 'the secret of the project is not in the image')
  const PORT = String(await unusedPort())
  const settings = { ...env, PORT, HOST: '127.0.0.1', BETTER_AUTH_SECRET: randomBytes(32).toString('base64url') }
  const api = await machine.serve({ cwd: folder, env: settings }, listening, ...command)
  await machine.run({ cwd: folder, env: settings }, ...health)
  t.pass('the health check passes')
  return { ...api, unhealthy: () => machine.run({ cwd: folder, env: settings }, ...health) }
}

/** What a user does with the pages of a new project. */
export async function tryPages(t: Test, url: string): Promise<void> {
  const { person } = await browse(t, { url })
  const [ann, ben] = [await person(), await person()]
  const named = (page: typeof ann.page, name: string) => page.getByRole('button', { name, exact: true })
  const note = (page: typeof ann.page, text: string) => page.getByRole('listitem').filter({ hasText: text })
  const signedIn = (page: typeof ann.page) => page.getByLabel('New note').waitFor()
  const signedOut = (page: typeof ann.page) => named(page, 'Sign in').waitFor()

  /** Sends a form: again after a 503, because the service refuses while the machine is busy. */
  const send = (page: typeof ann.page, button: string, path: string) =>
    until(`an answer of ${path}`, async () => {
      const isAnswer = (answer: Response) => answer.request().method() === 'POST' && answer.url().endsWith(path)
      const [answer] = await Promise.all([page.waitForResponse(isAnswer), named(page, button).click()])
      return answer.status() !== 503
    })

  async function signUp({ page, email }: typeof ann, name: string): Promise<void> {
    await page.goto('/')
    await named(page, 'Create an account').click()
    await page.getByLabel('Name').fill(name)
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password').fill(password)
    await send(page, 'Sign up', '/api/auth/register')
    await signedIn(page)
  }
  async function signIn({ page, email }: typeof ann, secret: string): Promise<void> {
    await page.getByLabel('Email').fill(email)
    await page.getByLabel('Password').fill(secret)
    await send(page, 'Sign in', '/api/auth/login')
  }

  await signUp(ann, 'Ann')
  const { page } = ann
  t.match(await page.locator('main').textContent(), 'Ann')
  for (const text of ['Milk', 'Bread']) {
    await page.getByLabel('New note').fill(text)
    await send(page, 'Add', '/api/notes')
    await note(page, text).waitFor()
  }
  await note(page, 'Milk').getByRole('button', { name: 'Delete' }).click()
  await note(page, 'Milk').waitFor({ state: 'detached' })

  await page.reload()
  await note(page, 'Bread').waitFor()
  t.equal(await page.getByRole('listitem').count(), 1, 'the session and the notes survive a reload')

  const tab = await ann.context.newPage()
  await tab.goto('/')
  await note(tab, 'Bread').waitFor()
  t.pass('another tab has the session')
  await tab.close()

  await named(page, 'Sign out').click()
  await signedOut(page)
  await page.reload()
  await signedOut(page)
  t.equal(await page.getByRole('listitem').count(), 0, 'after signing out, a reload shows no notes')

  await signIn(ann, 'not-the-password-7')
  await page.getByRole('alert').filter({ hasText: 'Invalid email or password' }).waitFor()
  await signIn(ann, password)
  await note(page, 'Bread').waitFor()

  await signUp(ben, 'Ben')
  await ben.page.reload()
  await signedIn(ben.page)
  t.equal(await ben.page.getByRole('listitem').count(), 0, "another user does not see Ann's notes")
}
