import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const worthwhile = /\.(html|js|css|svg|json|txt|webmanifest)$/

/** The smallest of several: `memLevel` decides how long the blocks are, each of which has codes of its own. */
const smallestGzip = (content: Buffer): Buffer =>
  [6, 7, 8, 9]
    .map((memLevel) => gzipSync(content, { level: 9, memLevel }))
    .reduce((best, one) => (one.length < best.length ? one : best))

/** Writes a `.br` and a `.gz` file beside each text file, which the server sends unchanged. */
export function compress(): Plugin {
  let folder = ''
  return {
    name: 'compress',
    apply: 'build',
    configResolved({ root, build }) {
      folder = join(root, build.outDir)
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
        if (worthwhile.test(name)) {
          const path = join(folder, name)
          const content = readFileSync(path)
          writeFileSync(`${path}.br`, brotliCompressSync(content))
          writeFileSync(`${path}.gz`, smallestGzip(content))
        }
    }
  }
}
