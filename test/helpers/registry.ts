import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pacote from 'pacote'
import type { Test } from 'tap'
import { packAll } from '../../packages/release/pack.ts'

/** What npm itself is configured to use. */
async function upstream() {
  const { stdout } = await promisify(execFile)('npm', ['config', 'get', 'registry', 'cafile', 'cache'])
  const { registry, cafile, cache } = Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/))
  )
  const ca = cafile && cafile !== 'null' ? { ca: await readFile(cafile, 'utf8') } : {}
  return { registry, cache: join(cache, '_cacache'), preferOffline: true, ...ca }
}

/**
 * Packages for other systems in the lockfile of this repository, by name. A mirror of the registry may lack those that nobody here
 * downloads. npm then leaves them out of a new lockfile, and `npm ci` refuses that lockfile.
 */
async function packagesOfOtherSystems() {
  const { packages } = JSON.parse(await readFile(new URL('../../package-lock.json', import.meta.url), 'utf8'))
  const found = new Map<string, Packument['versions']>()
  for (const [path, { version, optional, os, cpu, libc }] of Object.entries<Record<string, string>>(packages)) {
    const [, name] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? []
    if (name === undefined || version === undefined || !optional || !os) continue
    const dist = { tarball: `http://127.0.0.1/${name}/-/${version}.tgz` }
    const versions = found.get(name) ?? {}
    found.set(name, { ...versions, [version]: { name, version, os, cpu, ...(libc && { libc }), dist } })
  }
  return found
}

interface Packument {
  versions: Record<string, object>
}

interface Release {
  manifest: { name: string; version: string }
  bytes: Buffer
}

/**
 * A registry on the loopback interface until the test ends: it has the packages that are published here, and all others from the
 * registry or the cache of npm. A terminal with the variables of `env` uses it.
 */
export async function startRegistry(t: Test) {
  const source = await upstream()
  const others = await packagesOfOtherSystems()
  const releases = new Map<string, Release[]>()
  let url = ''

  const documentOf = (name: string, published: Release[]) => ({
    name,
    'dist-tags': { latest: published.at(-1)?.manifest.version },
    versions: Object.fromEntries(
      published.map(({ manifest, bytes }) => [
        manifest.version,
        {
          ...manifest,
          dist: {
            tarball: `${url}/${name}/-/${manifest.version}.tgz`,
            integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`
          }
        }
      ])
    )
  })

  /** Texts, because npm asks for them again with each of its commands. */
  const fromSource = new Map<string, Promise<string>>()

  function documentFromSource(name: string): Promise<string> {
    const known = fromSource.get(name)
    if (known) return known
    const asked = pacote.packument(name, source).then((found) => {
      const document = found as unknown as Packument
      const versions = { ...others.get(name), ...document.versions }
      return JSON.stringify({ ...document, versions })
    })
    asked.catch(() => fromSource.delete(name))
    fromSource.set(name, asked)
    return asked
  }

  async function answer(path: string, response: ServerResponse): Promise<void> {
    const [name = '', file] = decodeURIComponent(path.slice(1)).split('/-/')
    const published = releases.get(name)
    const release = published?.find(({ manifest }) => `${manifest.version}.tgz` === file)
    if (release) response.end(release.bytes)
    else if (published) response.end(JSON.stringify(documentOf(name, published)))
    // Not a redirect: the client need not know which certificates npm trusts here.
    else if (file) response.end(await pacote.tarball(new URL(`${name}/-/${file}`, source.registry).href, source))
    else response.end(await documentFromSource(name))
  }

  const server = createServer((request, response) => {
    response.setHeader('cache-control', 'no-store')
    answer(request.url ?? '', response).catch((error) => response.writeHead(error.statusCode ?? 502).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })

  return {
    env: { npm_config_registry: url, npm_config_audit: 'false', npm_config_fund: 'false' },

    /** Offers a tarball; the last one of a package is its `latest`. */
    async publish(tarball: string): Promise<void> {
      const manifest = (await pacote.manifest(`file:${tarball}`, { fullMetadata: true })) as Release['manifest']
      const others = releases.get(manifest.name) ?? []
      releases.set(manifest.name, [...others, { manifest, bytes: await readFile(tarball) }])
    }
  }
}

/** The tarballs of this tree, or of some of its packages: packed now, of what `npm run build` has built. */
export function packages(folder: string, names?: string[]): { name: string; path: string }[] {
  return packAll(undefined, folder, names).map(({ name, path }) => ({ name, path }))
}
