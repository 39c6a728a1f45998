import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const worthwhile = /\.(html|js|css|svg|json|txt|webmanifest)$/

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
          writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
        }
    }
  }
}
