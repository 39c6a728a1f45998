import t, { test } from 'tap'
import { startApp } from '../helpers/app.ts'
import { webFiles } from '../helpers/web-files.ts'

const { app } = await startApp(t)

test('the documentation loads under its own CSP, from this server only', async (t) => {
  const page = await app.inject('/docs')
  t.match(page.headers['content-type'], /^text\/html/)
  const policy = String(page.headers['content-security-policy'])
  for (const directive of ['script-src', 'style-src', 'img-src', 'connect-src'])
    t.match(policy, new RegExp(`(^|;)${directive} 'self'`))
  for (const directive of ['default-src', 'base-uri', 'form-action', 'frame-ancestors'])
    t.match(policy, new RegExp(`(^|;)${directive} 'none'(;|$)`))
  t.notMatch(policy, /unsafe|https?:|\*|upgrade-insecure-requests/)
  t.notMatch(page.body, /<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/i, 'nothing inline, which the policy forbids')
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => String(url))
  t.ok(assets.length >= 6)
  for (const url of assets) {
    t.match(url, /^\/docs\/static\//)
    const asset = await app.inject(url)
    t.equal(asset.statusCode, 200, url)
    t.match(asset.headers, { 'content-type': url.endsWith('js') ? /javascript/ : /^(text\/css|image\/svg)/ }, url)
    t.equal(asset.headers['x-content-type-options'], 'nosniff')
  }
  const start = (await app.inject('/docs/static/swagger-initializer.js')).body
  t.match(start, /resolveUrl\(.*json/)
  t.match(start, /"validatorUrl":\s*null/)
  t.match(start, /"persistAuthorization":\s*true/)
})

test('a missing file of the documentation answers 404 with a problem', async (t) => {
  for (const url of ['/docs/static/nothing.js', '/docs/static/..%2f..%2fpackage.json', '/docs/nothing'])
    t.match((await app.inject(url)).json(), { status: 404, code: 'not_found' }, url)
})

test('the page links to the app only where there is one', async (t) => {
  const start = async (of: typeof app) => (await of.inject('/docs/static/swagger-initializer.js')).body
  t.notMatch(await start(app), /appPath/)
  const withApp = await startApp(t, { settings: { WEB_DIR: webFiles(t) } })
  t.match(await start(withApp.app), /"appPath":\s*"\/"/)
})

test('the script of the documentation page and the icon that it names are served', async (t) => {
  const script = (await app.inject('/docs/static/theme/page.js')).body
  const icon = /\/docs\/static\/theme\/[\w.]+/.exec(script)?.[0]
  t.equal((await app.inject(String(icon))).statusCode, 200)
})
