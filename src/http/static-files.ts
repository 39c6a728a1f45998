import { hash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip as compress } from 'node:zlib'
import { LRUCache } from 'lru-cache'
import mime from 'mime'

const maxBytes = { all: 32 * 1024 * 1024, one: 4 * 1024 * 1024 }
const checkInterval = 1_000
// What a build leaves beside a file, by the name of the coding (RFC 9110, section 8.4.1).
const endings = { br: '.br', gzip: '.gz' } as const

const brotli = promisify(brotliCompress)
const gzip = promisify(compress)

export type Coding = keyof typeof endings

export interface Representation {
  body: Buffer
  etag: string
}

export interface StaticFile {
  type: string
  /** Milliseconds since 1970, in whole seconds as HTTP has them. */
  modified: number
  /** None where the file is too large for the memory. */
  plain: Representation | undefined
  compressed: Map<Coding, Representation>
  stamp: string
}

const missing: StaticFile = { type: '', modified: 0, plain: undefined, compressed: new Map(), stamp: 'missing' }

const charset = (type: string) => (/^text\/|javascript|json/.test(type) ? `${type}; charset=utf-8` : type)

async function examine(path: string) {
  const stats = await stat(path).catch(() => undefined)
  return stats?.isFile() ? { path, size: stats.size, modified: stats.mtimeMs } : undefined
}

const represent = (body: Buffer): Representation => ({
  body,
  etag: `"${hash('sha256', body, 'base64url').slice(0, 22)}"`
})
const read = async (path: string) => represent(await readFile(path))

/** Changes a file of this path before it is sent, or returns the same body. */
export type Change = (path: string, body: Buffer) => Buffer

/** A file with another body is as new as the process, which may have other settings than the one before. */
async function changed(file: StaticFile, body: Buffer): Promise<StaticFile> {
  const modified = Math.floor(performance.timeOrigin / 1_000) * 1_000
  const compressed: StaticFile['compressed'] = new Map([
    ['br', represent(await brotli(body))],
    ['gzip', represent(await gzip(body))]
  ])
  return { ...file, modified: Math.max(modified, file.modified), plain: represent(body), compressed }
}

async function load(path: string, known: StaticFile | undefined): Promise<StaticFile> {
  const file = await examine(path)
  if (!file) return missing
  const codings = Object.entries(endings) as [Coding, string][]
  const beside = await Promise.all(codings.map(async ([, ending]) => examine(path + ending)))
  const stamp = JSON.stringify([file, beside])
  if (stamp === known?.stamp) return known
  const isSmall = file.size <= maxBytes.one
  const compressed: StaticFile['compressed'] = new Map()
  for (const [i, [coding]] of codings.entries()) {
    const found = beside[i]
    if (isSmall && found) compressed.set(coding, await read(found.path))
  }
  return {
    type: charset(mime.getType(path) ?? 'application/octet-stream'),
    modified: Math.floor(file.modified / 1_000) * 1_000,
    plain: isSmall ? await read(path) : undefined,
    compressed,
    stamp
  }
}

/** Files of a folder, from memory, at most a second old, however many clients ask. Nobody checks the relative paths here. */
export function createStaticFiles(
  root: string,
  { clock = () => performance.now(), change = (_path, body) => body }: { clock?: () => number; change?: Change } = {}
) {
  async function loaded(path: string, known: StaticFile | undefined): Promise<StaticFile> {
    const file = await load(join(root, path), known)
    if (file === known || !file.plain) return file
    const body = change(path, file.plain.body)
    return body === file.plain.body ? file : changed(file, body)
  }

  const files = new LRUCache<string, StaticFile>({
    maxSize: maxBytes.all,
    sizeCalculation: ({ plain, compressed, stamp }, path) =>
      [plain, ...compressed.values()].reduce((sum, one) => sum + (one?.body.length ?? 0), path.length + stamp.length),
    ttl: checkInterval,
    ttlResolution: 0,
    perf: { now: clock },
    fetchMethod: loaded
  })

  return async function find(path: string): Promise<StaticFile | undefined> {
    const file = await files.fetch(path)
    return file === missing ? undefined : file
  }
}
