import { test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { secret } from '../helpers/app.ts'

const load = (settings: Record<string, string>) => loadConfig({ BETTER_AUTH_SECRET: secret, ...settings })

for (const value of ['0.0.0.0/0', '::/0', '10.0.0.1/0', 'fe80::1%eth0', '10.0.0.0/8,::/0'])
  test(`TRUST_PROXY=${value} is refused: it would trust everybody, or nobody`, async (t) => {
    t.throws(() => load({ TRUST_PROXY: value }), { message: /^ {2}- TRUST_PROXY: .* is not an address or a CIDR/m })
  })

const withPasswords: [string, string][] = [
  ['CORS_ORIGINS', 'https://ann:hush-hush@a.example'],
  ['CORS_ORIGINS', 'https://a.example,ann:hush-hush@a.example'],
  ['CORS_ORIGINS', 'https://ann:hush-hush,@a.example'],
  ['TRUST_PROXY', 'http://ann:hush-hush@10.0.0.1'],
  ['TRUST_PROXY', 'http://ann:hush-hush,x@10.0.0.1'],
  ['BETTER_AUTH_URL', 'https://ann:hush-hush@a.example:99999999'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'ann:hush-hush@collector'],
  ['REDIS_URL', 'http://:hush-hush@redis']
]
for (const [name, value] of withPasswords)
  test(`${name}: a password in ${value.replace('hush-hush', '...')} is not repeated at the start`, async (t) => {
    t.throws(() => load({ [name]: value }), { message: new RegExp(`^(?!.*hush-hush).*  - ${name}: `, 's') })
  })
