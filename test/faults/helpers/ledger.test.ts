import { test } from 'tap'
import { per10Minutes, rise } from '../../../bench/soak/slope.ts'
import { createLedger } from './ledger.ts'
import { judge, judgeAnswers } from './scenario.ts'
import { table } from './table.ts'

const answer = (status: number, headers = {}) => ({ status, headers, text: '', ms: 1 })

function written(count: number) {
  const ledger = createLedger()
  const titles = Array.from({ length: count }, (_, i) => `title ${i}`)
  for (const title of titles) if (ledger.book('POST', answer(201), 201)) ledger.acknowledged.add(title)
  return { ledger, titles }
}

test('acknowledged rows that exist once pass, and unacknowledged rows may exist', (t) => {
  const { ledger, titles } = written(50)
  ledger.book('POST', answer(503, { 'retry-after': '1' }), 201)
  ledger.bookCut(new Error('socket hang up'))
  const row = judge('nothing', ledger, [...titles, 'in doubt'], { times: 1 })
  t.match(row, { requests: 52, acknowledged: 50, lost: 0, doubled: 0, complaints: [] })
  t.match(table([row]), /\| nothing .*\| passed/)
  t.end()
})

test('missing rows, duplicate rows or too few rows fail', (t) => {
  const { ledger, titles } = written(50)
  t.match(judge('loss', ledger, titles.slice(2), {}), { lost: 2, complaints: [/2 acknowledged writes are gone/] })
  const twice = judge('twice', ledger, [...titles, 'title 3'], {})
  t.match(twice, { doubled: 1, complaints: [/exist twice/] })
  t.match(table([twice]), /FAILED/)
  t.match(judge('idle', written(3).ledger, written(3).titles, {}).complaints, [/hardly anything/])
  t.end()
})

test('an answer that is neither the wanted one nor 429 or 503 fails', (t) => {
  const { ledger } = written(50)
  ledger.book('GET', answer(503), 200)
  ledger.book('GET', answer(502), 200)
  ledger.book('GET', answer(404), 200)
  const row = judgeAnswers('wrong', ledger, {})
  t.equal(row.otherErrors, 1)
  t.match(row.complaints.join('\n'), /without Retry-After\n.*502.*\n.*404.*\n1 requests were refused/)
  t.strictSame(judgeAnswers('cut', written(50).ledger, {}).complaints, [])
  t.end()
})

test('the slope of a soak is that of a regression line', (t) => {
  const rest = { heap: 0, descriptors: 0, pool: 0, waiting: 0, requests: 0 }
  const samples = [0, 300, 600, 900].map((seconds, i) => ({ ...rest, seconds, rss: 100 + i + (i % 2) / 1000 }))
  t.ok(Math.abs(per10Minutes(samples, ({ rss }) => rss) - 2) < 0.01)
  t.end()
})

test('a leak of descriptors is detected while the number of clients varies', (t) => {
  const rest = { seconds: 0, rss: 0, heap: 0, pool: 0, waiting: 0, requests: 0 }
  const of = (counts: number[]) => counts.map((descriptors) => ({ ...rest, descriptors }))
  const most = ({ descriptors }: { descriptors: number }) => descriptors
  t.equal(rise(of([236, 180, 190, 200, 236, 210]), most), 0)
  t.equal(rise(of([236, 180, 190, 210, 266, 220]), most), 30)
  t.end()
})
