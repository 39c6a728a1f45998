import { rmSync, writeFileSync } from 'node:fs'
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

test('a folder or a missing file is not found, and a very large file is not kept in memory', async (t) => {
  const root = t.testdir({ folder: {}, 'large.js': 'x'.repeat(5 * 1024 * 1024) })
  const find = createStaticFiles(root)
  for (const path of ['folder', 'nothing.js', 'nothing.js']) t.equal(await find(path), undefined, path)
  const large = await find('large.js')
  t.equal(large?.type, 'application/javascript; charset=utf-8')
  t.equal(large?.plain, undefined)
})
