import { Registry } from 'prom-client'
import { test } from 'tap'
import { countMails } from '../../src/observability/mail-metrics.ts'
import { sampleOf } from '../helpers/metrics.ts'

test('a scrape asks once for the waiting mails, and counts outcomes', async (t) => {
  const registry = new Registry()
  const outcomes = new Map([['sent', 2]])
  let asked = 0
  let fails = false
  countMails(registry, {
    outcomes,
    async waiting() {
      asked += 1
      if (fails) throw new Error('no database')
      return { count: 3, age: 70.5 }
    }
  })
  const text = await registry.metrics()
  t.equal(asked, 1)
  t.equal(sampleOf(text, 'gatehouse_mails_waiting'), 3)
  t.equal(sampleOf(text, 'gatehouse_mail_oldest_seconds'), 70.5)
  t.equal(sampleOf(text, 'gatehouse_mails_total', { outcome: 'sent' }), 2)
  outcomes.set('dead', 1)
  fails = true
  const later = await registry.metrics()
  t.match(later, /^gatehouse_mail_oldest_seconds Nan$/im, 'without an answer there is no value')
  t.equal(sampleOf(later, 'gatehouse_mails_total', { outcome: 'dead' }), 1)
})
