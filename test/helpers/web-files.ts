import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Test } from 'tap'

export const page = '<!doctype html><title>Gatehouse</title>'
export const script = 'console.log("hello")'
/** The files besides the page. */
export const files = ['/icon.svg', '/boot.js', '/assets/index-Dq3x.js', '/assets/index-Dq3x.css']

/** A folder with the output of a front-end build. */
export function webFiles(t: Test): string {
  const folder = t.testdir({
    'index.html': page,
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'boot.js': 'document',
    assets: { 'index-Dq3x.js': script, 'index-Dq3x.css': 'a{}' }
  })
  for (const [name, content] of [
    ['index.html', page],
    ['assets/index-Dq3x.js', script]
  ] as const) {
    writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content))
    writeFileSync(join(folder, `${name}.gz`), gzipSync(content))
  }
  return folder
}
