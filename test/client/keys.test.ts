import { test } from 'tap'
import { createExchanges, surroundings } from '../../web/client/src/exchange.ts'

const url = 'https://api.example.com/api/tasks'
const keyed = { method: 'POST', headers: { 'idempotency-key': '"a"' }, body: 'milk' }
const away = () => new Response('', { status: 503 })
const lost = () => {
  throw new TypeError('Failed to fetch')
}

test('a request with an idempotency key is retried with its body, also while the first one is in progress', async (t) => {
  const atWork = () =>
    new Response('{"code":"idempotency_in_progress"}', { status: 409, headers: { 'retry-after': '1' } })
  const answers = [lost, away, atWork, () => new Response('{}', { status: 201 })]
  const bodies: string[] = []
  const waits: number[] = []
  const { fitting } = createExchanges({
    now: Date.now,
    async fetch(request) {
      bodies.push(`${request.headers.get('idempotency-key')} ${await request.text()}`)
      return (answers.shift() ?? lost)()
    },
    async wait(ms) {
      waits.push(ms)
    }
  })
  t.equal((await fitting(new Request(url, keyed))).status, 201)
  t.strictSame(bodies, Array(4).fill('"a" milk'))
  t.ok(Number(waits[2]) >= 1000)
})

test('a 409 for a used key or a taken email is not retried, despite an idempotency key', async (t) => {
  for (const code of ['idempotency_mismatch', 'email_taken']) {
    let asked = 0
    const { fitting } = createExchanges({
      ...surroundings,
      async fetch() {
        asked += 1
        return Response.json({ code }, { status: 409 })
      }
    })
    await t.rejects(fitting(new Request(url, keyed)), { code })
    t.equal(asked, 1)
  }
})
