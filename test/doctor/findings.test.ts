import { test } from 'tap'
import { span } from '../../src/doctor/findings.ts'
import { diagnose } from '../helpers/doctor.ts'
import { bridgeToken } from '../helpers/mint.ts'

test('claims of an untrusted token cannot control the terminal', async (t) => {
  const { said } = await diagnose(t, bridgeToken({ aud: '\u001b[2J\u009b2J\u202e\ud800' }))
  t.match(said, /aud\) is "\\u001b\[2J\?2J\?/)
  t.notMatch(said, /[^\n\P{C}]/u)
})

test('a duration is written in whole seconds, minutes, hours or days', (t) => {
  const said = {
    0: '0 seconds',
    1: '1 second',
    119: '119 seconds',
    900: '15 minutes',
    7200: '2 hours',
    604800: '7 days'
  }
  for (const [seconds, words] of Object.entries(said)) t.equal(span(Number(seconds)), words)
  t.end()
})
