import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'tap'
import { allPackages, dependencyKinds, releasedPackages, repository } from '../../packages/release/packages.ts'

const packages = allPackages()
const { version } = packages[0]?.manifest ?? {}

test('all packages have the same version, and need that of each other', async (t) => {
  const names = packages.map(({ manifest }) => manifest.name)
  const lock = JSON.parse(await readFile(join(repository, 'package-lock.json'), 'utf8'))
  t.equal(lock.version, version)
  for (const { folder, manifest } of packages) {
    t.equal(manifest.version, version, manifest.name)
    t.equal(lock.packages[folder === '.' ? '' : folder].version, version, `${manifest.name} in package-lock.json`)
    for (const kind of dependencyKinds)
      for (const [name, range] of Object.entries(manifest[kind] ?? {}))
        if (names.includes(name)) t.equal(range, `^${version}`, `${manifest.name} needs ${name}`)
  }
})

test('a released package says what it contains, and is built after the packages that it needs', (t) => {
  const released = releasedPackages()
  t.ok(released.length >= 2)
  for (const [place, { manifest }] of released.entries()) {
    t.match(manifest, { license: 'MIT', files: Array, engines: { node: String } }, manifest.name)
    const later = released.slice(place + 1).map(({ manifest }) => manifest.name)
    for (const kind of dependencyKinds)
      for (const name of Object.keys(manifest[kind] ?? {})) t.notOk(later.includes(name), `${manifest.name}: ${name}`)
  }
  t.end()
})
