import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { postgresPrograms, startPostgres } from './servers.ts'
import { installing, settled, starting } from './wait.ts'

const page = await readFile(new URL('../../docs/better-auth.md', import.meta.url), 'utf8')

/** Why a Next.js application cannot be built here; false if it can. */
export const withoutNext = postgresPrograms ? false : 'needs postgresql (apt-get install postgresql)'

const quickly = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_prefer_offline: 'true' }

/** The template loads fonts from a server, which a test must not need. */
const layout = `export default function Layout({ children }: { children: React.ReactNode }) {
  return <html lang="en"><body>{children}</body></html>
}
`

/** The files that the page documents, by path. */
const files = () =>
  [...page.matchAll(/```tsx?\n\/\/ ((?:app|lib)\/\S+)\n(.*?)```/gs)].map(([, name = '', text = '']) => ({ name, text }))

const command = (pattern: RegExp): string => {
  const found = pattern.exec(page)?.[0]
  if (!found) throw new Error(`docs/better-auth.md has no ${pattern}`)
  return found
}

/**
 * Creates a Next.js application with the files and commands of docs/better-auth.md, and starts it at this origin with
 * its own PostgreSQL.
 */
export async function startNextApp(
  t: Test,
  { origin, gatehouse, secret }: Record<'origin' | 'gatehouse' | 'secret', string>
) {
  const postgres = await startPostgres()
  t.teardown(postgres.remove)
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse_next_'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const app = join(folder, 'app')
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter)
  const { NODE_OPTIONS, NODE_ENV, TAP, ...inherited } = process.env
  const env = { ...inherited, PATH: path, NEXT_TELEMETRY_DISABLED: '1', ...quickly, DATABASE_URL: postgres.url }
  const inApp = { cwd: app, env, maxBuffer: 64 * 1024 * 1024, timeout: installing }
  const shell = (line: string) => promisify(execFile)('sh', ['-c', line], inApp)

  const create = [
    '--yes',
    'create-next-app@16.4',
    'app',
    '--yes',
    '--app',
    '--no-src-dir',
    '--no-eslint',
    '--no-tailwind',
    '--use-npm',
    '--skip-install'
  ]
  await promisify(execFile)('npx', [...create, '--disable-git'], { ...inApp, cwd: folder })
  const settings = { BETTER_AUTH_URL: origin, BETTER_AUTH_SECRET: secret, DATABASE_URL: postgres.url }
  const lines = Object.entries({ ...settings, NEXT_PUBLIC_GATEHOUSE_URL: gatehouse }).map((pair) => pair.join('='))
  await writeFile(join(app, '.env.local'), `${lines.join('\n')}\n`)
  for (const { name, text } of [...files(), { name: 'app/layout.tsx', text: layout }]) {
    await mkdir(join(app, dirname(name)), { recursive: true })
    await writeFile(join(app, name), text)
  }
  for (const install of [/npm install better-auth[^`]*/, /npm install jose/]) await shell(command(install))
  await shell(`npx --yes ${command(/auth@[\d.]+ migrate/)} --yes`)
  await shell('npx next build')

  const server = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '--port', new URL(origin).port], {
    cwd: app,
    env
  })
  t.teardown(() => server.kill('SIGKILL'))
  let output = ''
  const ended = once(server, 'close').then(() => {
    throw new Error(`next start ended: ${output}`)
  })
  const ready = Promise.withResolvers<void>()
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk) => {
      output += chunk
      if (/Ready in/.test(output)) ready.resolve()
    })
  await settled('next start', Promise.race([ready.promise, ended]), starting)
  ended.catch(() => {})
  return { output: () => output }
}
