import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { type Test, test } from 'tap'
import type { Product } from '../../src/product/product.ts'
import { tasks } from '../../src/product/tasks.ts'
import { startApp } from '../helpers/app.ts'
import { webFiles } from '../helpers/web-files.ts'

const source = (path: string) => readFileSync(new URL(`../../web/${path}`, import.meta.url), 'utf8')
const [html, manifest] = [source('index.html'), source('public/manifest.webmanifest')]

/** A folder with our own page and manifest, and compressed files beside them that say something else. */
function ownFiles(t: Test): string {
  const folder = webFiles(t)
  writeFileSync(join(folder, 'index.html'), html)
  writeFileSync(join(folder, 'manifest.webmanifest'), manifest)
  return folder
}

const open = (t: Test, product: Product, settings: Record<string, string> = {}) =>
  startApp(t, { product, isOwnWeb: true, settings: { WEB_DIR: ownFiles(t), ...settings } })

test('the page of the example product is sent as it was built', async (t) => {
  const { app } = await open(t, tasks)
  t.equal((await app.inject('/')).body, html)
  t.equal((await app.inject('/manifest.webmanifest')).body, manifest)
  const { rawPayload } = await app.inject({ url: '/', headers: { 'accept-encoding': 'br' } })
  t.equal(brotliDecompressSync(rawPayload).toString(), '<!doctype html><title>Gatehouse</title>', 'the file beside it')
})

test('a product without tasks has a page that says so, with its name and scopes', async (t) => {
  const { app } = await open(t, { api: { title: 'Notes & "more" <b>' }, scopes: ['notes:read', 'notes:write'] })
  const name = 'Notes &amp; &quot;more&quot; &lt;b&gt;'
  const { body, headers } = await app.inject('/')
  t.match(body, `<html lang="en" data-app="${name}" data-pages="" data-scopes="notes:read notes:write">`)
  t.match(body, `<title>${name}</title>`)
  t.match(body, `<meta name="description" content="Your account at ${name}." />`)
  t.notMatch(body, /Gatehouse|tasks/)
  for (const [encoding, decode] of [
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync]
  ] as const) {
    const answer = await app.inject({ url: '/profile', headers: { 'accept-encoding': encoding } })
    t.equal(answer.headers['content-encoding'], encoding)
    t.equal(decode(answer.rawPayload).toString(), body, encoding)
    t.not(answer.headers.etag, headers.etag)
  }
  const known = await app.inject({ url: '/', headers: { 'if-none-match': String(headers.etag) } })
  t.equal(known.statusCode, 304)
  const unknown = await app.inject({ url: '/nowhere', headers: { accept: 'text/html' } })
  t.strictSame([unknown.statusCode, unknown.body], [404, body])
  const { name: shown, short_name, description, icons } = (await app.inject('/manifest.webmanifest')).json()
  t.strictSame([shown, short_name], ['Notes & "more" <b>', 'Notes & "more" <b>'])
  t.equal(description, 'Your account at Notes & "more" <b>.')
  t.strictSame(icons, JSON.parse(manifest).icons)
})

test('APP_NAME replaces the title of the product, and its $ signs are inserted literally', async (t) => {
  const { app } = await open(t, { ...tasks, api: { title: 'Notes' } }, { APP_NAME: "$& $1 $'" })
  const { body } = await app.inject('/')
  t.match(body, `data-app="$&amp; $1 $'" data-pages="tasks" data-scopes="tasks:read tasks:write"`)
  t.match(body, "<title>$&amp; $1 $'</title>")
  t.match(body, 'content="Keep a list of your tasks."')
  t.equal((await app.inject('/manifest.webmanifest')).json().name, "$& $1 $'")
})

test('an If-Modified-Since from before the process started gets the page of the new product, not 304', async (t) => {
  const folder = ownFiles(t)
  const since = new Date().toUTCString()
  const { app } = await startApp(t, { product: {}, isOwnWeb: true, settings: { WEB_DIR: folder } })
  const first = await app.inject('/')
  const modified = Date.parse(String(first.headers['last-modified']))
  t.ok(modified >= Math.floor(performance.timeOrigin / 1_000) * 1_000, 'as new as the process')
  const old = new Date(Date.parse(since) - 86_400_000).toUTCString()
  t.equal((await app.inject({ url: '/', headers: { 'if-modified-since': old } })).statusCode, 200)
})

test('the page and the manifest of another app stay as they are', async (t) => {
  const folder = webFiles(t)
  const other = '{"name": "Gatehouse", // no JSON'
  writeFileSync(join(folder, 'manifest.webmanifest'), other)
  cpSync(join(folder, 'icon.svg'), join(folder, 'other.svg'))
  const { app } = await startApp(t, { product: { api: { title: 'Notes' } }, settings: { WEB_DIR: folder } })
  t.equal((await app.inject('/')).body, '<!doctype html><title>Gatehouse</title>')
  t.equal((await app.inject('/manifest.webmanifest')).body, other)
})
