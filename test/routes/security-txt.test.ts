import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { startApp } from '../helpers/app.ts'

const contact = 'mailto:security@example.com, https://example.com/report?to=us'

test('security.txt names the contacts in their order, and expires within a year', async (t) => {
  const now = Date.parse('2026-11-27T12:00:00Z')
  const { app } = await startApp(t, { settings: { SECURITY_CONTACT: contact }, clock: () => now })
  const answer = await app.inject('/.well-known/security.txt')
  t.match(answer, { statusCode: 200, headers: { 'content-type': 'text/plain; charset=utf-8' } })
  t.strictSame(answer.body.split('\n'), [
    'Contact: mailto:security@example.com',
    'Contact: https://example.com/report?to=us',
    'Expires: 2027-05-26T00:00:00Z',
    ''
  ])
})

test('without a contact there is no security.txt', async (t) => {
  const { app } = await startApp(t)
  for (const url of ['/.well-known/security.txt', '/security.txt'])
    t.match((await app.inject(url)).json(), { status: 404, code: 'not_found' }, url)
})

test('a contact is a URI of RFC 9116; others are refused by name', async (t) => {
  const load = (SECURITY_CONTACT: string) =>
    loadConfig({ BETTER_AUTH_SECRET: 'a-long-value-that-only-the-tests-know', SECURITY_CONTACT }).securityContact
  t.strictSame(load(contact), ['mailto:security@example.com', 'https://example.com/report?to=us'])
  t.strictSame(load('tel:+49-30-1234'), ['tel:+49-30-1234'])
  t.strictSame(load(''), [])
  for (const wrong of [
    'security@example.com',
    'http://example.com/report',
    'https://',
    'mailto:security',
    'tel:110',
    'javascript:alert(1)',
    'https://example.com/\nExpires: 2099-01-01T00:00:00Z'
  ])
    t.throws(() => load(wrong), { message: /^ {2}- SECURITY_CONTACT: .* is not a URI such as mailto:/m }, wrong)
})
