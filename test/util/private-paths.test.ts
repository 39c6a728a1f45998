import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { makeDataDirectory, makePrivate } from '../../src/util/private-paths.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

test('a directory or file that others can read is made private, also behind a link', async (t) => {
  const directory = join(t.testdir(), 'data')
  mkdirSync(directory)
  for (const mode of [0o755, 0o777, 0o750, 0o700]) {
    chmodSync(directory, mode)
    makePrivate(directory)
    t.equal(modeOf(directory), 0o700)
  }
  const link = join(t.testdirName, 'link')
  symlinkSync(directory, link)
  chmodSync(directory, 0o755)
  makePrivate(link)
  t.equal(modeOf(directory), 0o700)

  const file = join(directory, 'secret')
  writeFileSync(file, '')
  chmodSync(file, 0o644)
  makePrivate(file)
  t.equal(modeOf(file), 0o600)
})

test('a path that cannot be made private is refused', {
  skip: !existsSync('/proc/self') && 'needs /proc'
}, async (t) => {
  t.throws(() => makePrivate('/proc/self'), { message: /^\/proc\/self is open to other users and cannot be closed/ })
})

const isRoot = process.getuid?.() === 0
test('a path of another user is refused', async (t) => {
  const path = isRoot ? t.testdir() : '/'
  if (isRoot) chownSync(path, 12_345, 12_345)
  t.throws(() => makePrivate(path), { message: /belongs to another user \(uid \d+\): start Gatehouse as that user/ })
})

test('a data directory is made private if only our files are in it', async (t) => {
  const fresh = join(
    t.testdir({ ours: { secret: '', database: {}, 'gatehouse.lock': '' }, shared: { photos: {} } }),
    'a/b'
  )
  makeDataDirectory(fresh)
  t.equal(modeOf(fresh), 0o700)
  for (const [name, mode] of [
    ['ours', 0o700],
    ['shared', 0o755]
  ] as const) {
    const directory = join(t.testdirName, name)
    chmodSync(directory, 0o755)
    makeDataDirectory(directory)
    t.equal(modeOf(directory), mode, name)
  }
})
