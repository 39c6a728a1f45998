import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { ours, product } from '../helpers/sources.ts'

const json = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'))

/** The first releases without a relevant published vulnerability. */
const safe = {
  fastify: '5.12.2',
  '@fastify/jwt': '10.2.0',
  'fast-jwt': '6.3.2',
  '@fastify/rate-limit': '11.2.0',
  '@fastify/static': '9.1.1',
  kysely: '0.28.17',
  'better-auth': '1.6.14'
}

const atLeast = (version: string, minimum: string) => version.localeCompare(minimum, 'en', { numeric: true }) >= 0

test('no package is older than its first safe version', (t) => {
  t.ok(atLeast('0.28.17', '0.28.17') && atLeast('10.0.0', '9.9.9') && !atLeast('5.9.9', '5.12.2'))
  const locked: Record<string, { version: string }> = json('package-lock.json').packages
  const found = Object.entries(locked).flatMap(([path, { version }]) => {
    const name = path.split('node_modules/').at(-1) ?? ''
    return name in safe ? [{ name: name as keyof typeof safe, path, version }] : []
  })
  for (const { name, path, version } of found) t.ok(atLeast(version, safe[name]), `${path} ${version}`)
  for (const name of ['fastify', '@fastify/rate-limit', '@fastify/static', 'kysely'])
    t.ok(
      found.some((locked) => locked.name === name),
      `${name} is locked`
    )
  t.end()
})

test('every imported package is in package.json', (t) => {
  const { dependencies, devDependencies } = json('package.json')
  for (const { file, imports } of product.filter(({ file }) => !file.startsWith('packages/')))
    for (const { target, typeOnly } of imports) {
      const [, name] = /^((?:@[^/]+\/)?[^/:]+)/.exec(target) ?? []
      if (!name || ours(target) || target.startsWith('node:')) continue
      t.ok(name in dependencies || (typeOnly && name in devDependencies), `${file} -> ${name}`)
    }
  const { packages } = json('package-lock.json')
  t.strictSame(packages[''].dependencies, dependencies, 'the lockfile is of this package.json')
  t.strictSame(packages[''].devDependencies, devDependencies)
  t.end()
})
