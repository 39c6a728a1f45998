import { test } from 'tap'
import { passkeySettings } from '../../src/config/passkey-settings.ts'

const env = { APP_URL: undefined, APP_NAME: 'Example', PORT: 8_123 }

test('passkeys belong to the host of APP_URL, and work on its pages', (t) => {
  const cases: [string, string, string][] = [
    ['https://app.example.com', 'app.example.com', 'https://app.example.com'],
    ['https://app.example.com:8443/base', 'app.example.com', 'https://app.example.com:8443'],
    ['http://localhost:3000', 'localhost', 'http://localhost:3000'],
    ['https://APP.example.com:443', 'app.example.com', 'https://app.example.com']
  ]
  for (const [APP_URL, rpId, origin] of cases)
    t.strictSame(passkeySettings({ ...env, APP_URL }, true), { rpId, rpName: 'Example', origins: [origin] }, APP_URL)
  t.end()
})

test('without APP_URL, passkeys work on localhost outside production', (t) => {
  t.match(passkeySettings(env, false), { rpId: 'localhost', origins: ['http://localhost:8123'] })
  t.equal(passkeySettings(env, true), undefined)
  t.end()
})

test('passkeys are off where APP_URL is an IP address', (t) => {
  for (const APP_URL of ['http://127.0.0.1:8000', 'https://[2001:db8::1]', 'https://192.0.2.1'])
    t.equal(passkeySettings({ ...env, APP_URL }, false), undefined, APP_URL)
  t.end()
})
