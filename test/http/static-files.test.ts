import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'tap'
import { createStaticFiles } from '../../src/http/static-files.ts'

test('a file is looked up once a second, and is read again when it has changed', async (t) => {
  const root = t.testdir({ 'a.txt': 'old', b: { 'c.unknown': 'c' } })
  const now = { ms: 1 }
  const find = createStaticFiles(root, { clock: () => now.ms })
  const text = async (path: string) => (await find(path))?.plain?.body.toString()
  t.equal(await text('a.txt'), 'old')
  const before = await find('a.txt')
  t.match(before, { type: 'text/plain; charset=utf-8' })
  t.match(await find('b/c.unknown'), { type: 'application/octet-stream' })
  writeFileSync(join(root, 'a.txt'), 'newer')
  now.ms += 999
  t.equal(await text('a.txt'), 'old')
  now.ms += 2
  t.equal(await text('a.txt'), 'newer')
  const after = await find('a.txt')
  t.not(after?.plain?.etag, before?.plain?.etag)
  now.ms += 2_000
  t.equal(await find('a.txt'), after, 'it is the same while it has not changed')
  writeFileSync(join(root, 'a.txt.gz'), gzipSync('newer'))
  now.ms += 2_000
  t.strictSame([...((await find('a.txt'))?.compressed.keys() ?? [])], ['gzip'])
  rmSync(join(root, 'a.txt'))
  now.ms += 2_000
  t.equal(await find('a.txt'), undefined)
})

test('a folder or a missing file is not found, and a file of more than 4 MiB is not kept in memory', async (t) => {
  const most = 'x'.repeat(4 * 1024 * 1024)
  const root = t.testdir({ folder: {}, 'most.js': most, 'large.js': `${most}x` })
  const find = createStaticFiles(root)
  for (const path of ['folder', 'nothing.js', 'nothing.js']) t.equal(await find(path), undefined, path)
  const large = await find('large.js')
  t.equal(large?.type, 'application/javascript; charset=utf-8')
  t.equal(large?.plain, undefined)
  t.equal((await find('most.js'))?.plain?.body.length, most.length)
})

test('at most 32 MiB of files are kept in memory: the one that was used longest ago is read again', async (t) => {
  const names = Array.from({ length: 9 }, (_, i) => `${i}.txt`)
  const root = t.testdir(Object.fromEntries(names.map((name) => [name, 'x'.repeat(4_000_000)])))
  const find = createStaticFiles(root, { clock: () => 1 })
  const first = await find('0.txt')
  t.equal(await find('0.txt'), first)
  for (const name of names) await find(name)
  t.not(await find('0.txt'), first)
})

test('a changed file is changed once, and is as new as the newer of the process and the file', async (t) => {
  const root = t.testdir({ 'old.txt': 'a', 'new.txt': 'b' })
  utimesSync(join(root, 'old.txt'), 0, 1_000_000_000)
  utimesSync(join(root, 'new.txt'), 0, 4_000_000_000)
  const now = { ms: 1 }
  const change = (_path: string, body: Buffer) => Buffer.concat([body, Buffer.from('!')])
  const find = createStaticFiles(root, { clock: () => now.ms, change })
  t.equal((await find('old.txt'))?.modified, Math.floor(performance.timeOrigin / 1_000) * 1_000)
  t.equal((await find('new.txt'))?.modified, 4_000_000_000_000)
  now.ms += 2_000
  t.equal((await find('old.txt'))?.plain?.body.toString(), 'a!')
})
