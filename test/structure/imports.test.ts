import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { type Import, inFolder, ours, product, type Source } from '../helpers/sources.ts'

/** The imports that a rule does not allow. */
const broken = (files: Source[], allowed: (imported: Import, file: string) => boolean) =>
  files.flatMap(({ file, imports }) =>
    imports.filter((i) => !allowed(i, file)).map(({ target }) => `${file} -> ${target}`)
  )
const files = (list: Source[]) => list.map(({ file }) => file).sort()

test('the import scanner finds all imports of a file', (t) => {
  t.ok(product.length > 35)
  const app = product.find(({ file }) => file === 'src/app.ts')
  t.ok(app?.imports.some(({ target }) => target === 'routes/sessions.ts'))
  const count = (text: string) => text.match(/^(import|export)\b[^;=(]*?\bfrom '/gm)?.length ?? 0
  for (const { file, text, imports } of product) t.ok(imports.length >= count(text), file)
  t.end()
})

test('routes import schemas, src and each other, and contain no SQL', (t) => {
  const known =
    /^(schemas|routes)\/|^src\/(?!app\.ts|server\.ts|config\/|process\/|database\/(?!failures|ping))|^@sinclair\/typebox$/
  t.strictSame(
    broken(inFolder('routes'), ({ target }) => known.test(target)),
    []
  )
  const sql =
    /\bsql`|\.(selectFrom|insertInto|updateTable|deleteFrom)\(|\b(select|insert into|delete from)\s+[\w*]+\s+(from|values|where)\b/i
  for (const { file, text } of [...inFolder('routes'), ...inFolder('plugins')]) t.notMatch(text, sql, file)
  t.end()
})

test('SQL occurs only in repositories, migrations and the database folder', (t) => {
  const kysely = product.filter(({ imports }) =>
    imports.some(({ target, typeOnly }) => /^kysely/.test(target) && !typeOnly)
  )
  for (const file of files(kysely)) t.match(file, /^(src\/(repositories|database)|migrations)\/|^src\/index\.ts$/)
  t.end()
})

test('only app.ts, the entries, src/process and the example product import Fastify, plugins and routes', (t) => {
  const entrance = /^src\/((app|index|server)\.ts|(process|commands|testing)\/[\w-]+\.ts|product\/tasks\.ts)$/
  const domain = inFolder('src').filter(({ file }) => !entrance.test(file))
  const http = /^(fastify|fastify-plugin|@fastify\/|plugins\/|routes\/|src\/(app|server)\.ts)/
  const types = ({ typeOnly }: Import, file: string) => typeOnly && file === 'src/http/typebox.ts'
  t.strictSame(
    broken(domain, (i, file) => !http.test(i.target) || types(i, file)),
    []
  )
  t.end()
})

test('only app.ts makes an app of Fastify', (t) => {
  t.strictSame(files(product.filter(({ text }) => /\bfastify\(/i.test(text))), ['src/app.ts'])
  t.end()
})

test('node:http is imported through src/http/node-http.ts, except for types', (t) => {
  t.strictSame(
    broken(
      product.filter(({ file }) => !file.startsWith('packages/')),
      ({ target, typeOnly }) => target !== 'node:http' || typeOnly
    ),
    []
  )
  t.end()
})

test('repositories import tables and schemas, never a request', (t) => {
  const known =
    /^(kysely|schemas\/|src\/database\/(tables|prepared|failures)|src\/repositories\/|src\/http\/problems\.ts|src\/util\/)/
  t.strictSame(
    broken(
      product.filter(({ file }) => file.startsWith('src/repositories/')),
      ({ target }) => known.test(target)
    ),
    []
  )
  t.end()
})

test('plugins never import a route; schemas and migrations import nothing of ours', (t) => {
  t.strictSame(
    broken(inFolder('plugins'), ({ target }) => !target.startsWith('routes/')),
    []
  )
  t.strictSame(
    broken(inFolder('schemas'), ({ target }) => target === '@sinclair/typebox' || target.startsWith('schemas/')),
    []
  )
  t.strictSame(
    broken(inFolder('migrations'), ({ target }) => target === 'kysely'),
    []
  )
  t.end()
})

test('a package imports its own files and what its package.json names, and nothing of ours imports it but the test kit', (t) => {
  const packages = inFolder('packages').filter(({ file }) => /^packages\/[^/]+\/src\//.test(file))
  t.ok(packages.length > 5)
  for (const { file, imports } of packages) {
    const [folder = ''] = /^packages\/[^/]+\//.exec(file) ?? []
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(
      readFileSync(new URL(`../../${folder}package.json`, import.meta.url), 'utf8')
    )
    for (const { target } of imports)
      t.ok(
        /^node:/.test(target) ||
          target.startsWith(`${folder}src/`) ||
          target in dependencies ||
          target in peerDependencies,
        `${file} -> ${target}`
      )
  }
  const isOurs = ({ target }: Import) => !/^(packages\/|@gatehouse\/)/.test(target)
  // The test kit attacks with the tokens of `gatehouse prove`.
  const isHostile = ({ target }: Import, file: string) =>
    file === 'src/testing/hostile.ts' && target.startsWith('packages/gatehouse/src/hostile/')
  t.strictSame(
    broken(
      product.filter(({ file }) => !file.startsWith('packages/')),
      (one, file) => isOurs(one) || isHostile(one, file)
    ),
    []
  )
  t.end()
})

test('src/config reads the environment, src/database imports the drivers, src/auth/passwords imports bcrypt', (t) => {
  const readers = files(
    product.filter(({ text }) => /process\.env\b|['"]dotenv|\benv\b.*from 'node:process'/.test(text))
  )
  t.ok(readers.length > 0)
  for (const file of readers) t.match(file, /^(src\/config\/|packages\/gatehouse\/src\/cli\.ts$)/)
  const users = (name: RegExp) =>
    files(product.filter(({ imports }) => imports.some(({ target }) => name.test(target))))
  for (const file of users(/^(pg|pg-.*|postgres|@electric-sql\/.*)$/)) t.match(file, /^src\/database\//)
  for (const file of users(/bcrypt/)) t.match(file, /^src\/auth\/passwords\//)
  t.strictSame(users(/redis$/), ['src/redis/redis.ts'])
  t.end()
})

test('only tests import tests, and there are no import cycles', (t) => {
  t.strictSame(
    broken(product, ({ target }) => !target.startsWith('test/')),
    []
  )
  const graph = new Map(
    product.map(({ file, imports }) => [
      file,
      imports.filter((i) => ours(i.target) && !i.typeOnly).map((i) => i.target)
    ])
  )
  const visit = (file: string, path: string[]): string[] =>
    path.includes(file)
      ? [[...path, file].join(' -> ')]
      : (graph.get(file) ?? []).flatMap((next) => visit(next, [...path, file]))
  t.strictSame(
    [...graph.keys()].flatMap((file) => visit(file, [])),
    []
  )
  t.end()
})
