import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { securityEventNames } from '../../src/repositories/security-events.ts'
import { eventInWords, isAlarming, originInWords } from '../../web/src/account/events.ts'

test('every security event is in the documentation, and the web app has words for it', (t) => {
  const docs = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')
  for (const name of securityEventNames) {
    t.ok(docs.includes(`\`${name}\``), `docs/security.md tells of ${name}`)
    t.match(eventInWords(name), /^[A-Z][\w ,:-]{5,}$/, name)
  }
  t.equal(eventInWords('of.a.later.release'), 'of.a.later.release')
  t.ok(isAlarming('passkey.cloned'))
  t.notOk(isAlarming('login'))
  t.equal(originInWords('login', '192.0.2.1'), '192.0.2.1')
  t.match(originInWords('login', null), /unknown/)
  t.equal(originInWords('role.changed', null), 'an operator')
  t.end()
})
