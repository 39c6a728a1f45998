import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'tap'
import { parse } from 'yaml'
import { tasks } from '../../src/product/tasks.ts'

const root = new URL('../../', import.meta.url)
const inDocs = (await readdir(new URL('docs/', root), { recursive: true })).filter((name) => name.endsWith('.md'))
const pages = [
  ...[
    'README.md',
    'SECURITY.md',
    'test/README.md',
    'web/README.md',
    'web/client/README.md',
    'packages/guard/README.md',
    'packages/react/README.md',
    'packages/gatehouse/README.md',
    'packages/create-gatehouse/README.md'
  ],
  ...inDocs.map((name) => `docs/${name}`)
]
const read = (path: string) => readFile(new URL(path, root), 'utf8')
const withoutCode = (text: string) => text.replace(/^ *```.*?^ *```/gms, '')

/** The anchor that GitHub creates for a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const anchorsOf = async (path: string) =>
  new Set([...withoutCode(await read(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)))

test('every link to a file and to a heading leads somewhere', async (t) => {
  for (const page of pages) {
    const links = withoutCode(await read(page)).matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)
    for (const [, markdown, html] of links) {
      const link = markdown ?? html ?? ''
      if (/^https?:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = new URL(path === '' ? page : path, path === '' ? root : new URL(page, root))
      const exists = existsSync(target)
      t.ok(exists, `${page}: ${link}`)
      if (anchor && exists) {
        const anchors = await anchorsOf(target.href.slice(root.href.length))
        t.ok(anchors.has(anchor), `${page}: ${link}`)
      }
    }
  }
})

test('the README links to operations of the contract', async (t) => {
  const { paths } = parse(await read('openapi.yaml'))
  const operations = Object.values(paths as Record<string, Record<string, { tags: string[]; operationId: string }>>)
    .flatMap((item) => Object.values(item))
    .map(({ tags: [tag], operationId }) => `${tag}/${operationId}`)
  const links = [...(await read('README.md')).matchAll(/\/docs#\/([\w/-]+)/g)].map(([, operation]) => operation)
  t.ok(links.length > 10)
  for (const link of links) t.ok(operations.includes(link ?? ''), String(link))
})

test('the page of settings and .env.example have every setting and no other', async (t) => {
  const source = await read('src/config/config.ts')
  const ofTasks = Object.keys(tasks.settings ?? {})
  const settings = [...[...source.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name), ...ofTasks].sort()
  const internal = 'GATEHOUSE_WORKER'
  const rows = (await read('docs/settings.md')).split('\n').filter((line) => line.startsWith('| `'))
  const documented = rows.flatMap((row) => {
    const [, names = '', , meaning = ''] = row.split('|')
    return [...`${names} ${meaning.match(/or (`OTEL_[A-Z_]+`)/)?.[1] ?? ''}`.matchAll(/`([A-Z_]+)`/g)].map(
      ([, name]) => name
    )
  })
  t.strictSame(
    documented.sort(),
    settings.filter((name) => name !== internal)
  )
  const example = await read('.env.example')
  for (const name of settings.filter((name) => name !== internal && !name?.startsWith('OTEL_')))
    t.match(example, new RegExp(`^# ${name}=`, 'm'), String(name))
})

test('the page of dependencies names every package', async (t) => {
  const page = await read('docs/dependencies.md')
  for (const path of ['.', ...JSON.parse(await read('package.json')).workspaces].map(
    (folder) => `${folder}/package.json`
  )) {
    const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = JSON.parse(await read(path))
    for (const name of Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }))
      t.ok(page.includes(`\`${name}\``), name)
  }
})

test('no page contains merge conflict markers', async (t) => {
  for (const page of pages) t.notMatch(await read(page), /^(<{7}|={7}|>{7})( |$)/m, page)
})
