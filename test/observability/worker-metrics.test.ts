import { EventEmitter } from 'node:events'
import { mock } from 'node:test'
import { Counter, Registry } from 'prom-client'
import { test } from 'tap'
import { answerScrapes, scrapeWorkers } from '../../src/observability/worker-metrics.ts'
import { parseMetrics, sampleOf } from '../helpers/metrics.ts'

type Sent = Parameters<Parameters<typeof answerScrapes>[1]['send']>[0]

/** Both ends of a channel, which can be cut. */
function createChannel() {
  const channel = { cut: false, deaf: false }
  const [above, below] = [new EventEmitter(), new EventEmitter()]
  const end = (own: EventEmitter, other: EventEmitter) => ({
    on: (event: 'message', listener: (message: Sent) => void) => own.on(event, listener),
    off: (event: 'message', listener: (message: Sent) => void) => own.off(event, listener),
    send(message: Sent, done: (error: Error | null) => void): void {
      if (!channel.cut && !channel.deaf) other.emit('message', structuredClone(message))
      done(channel.cut ? new Error('channel closed') : null)
    }
  })
  return {
    channel,
    primary: end(above, below),
    worker: end(below, above),
    listeners: () => below.listenerCount('message')
  }
}

/** A worker with a counter at this value. */
function startWorker(count: number) {
  const registry = new Registry()
  new Counter({ name: 'made_total', help: 'Made.', registers: [registry] }).inc(count)
  const ends = createChannel()
  return { ...ends, stop: answerScrapes(registry, ends.worker) }
}

test('the metrics of all workers are merged, each with its number', async (t) => {
  const workers = new Map([1, 2].map((place) => [place, startWorker(place * 10).primary]))
  const text = await scrapeWorkers(() => workers)()
  t.strictSame(
    parseMetrics(text).filter(({ name }) => name === 'made_total'),
    [
      { name: 'made_total', labels: { worker: '1' }, value: 10 },
      { name: 'made_total', labels: { worker: '2' }, value: 20 }
    ]
  )
  t.equal(text.match(/# TYPE made_total counter/g)?.length, 1)
  t.equal(sampleOf(text, 'gatehouse_workers'), 2)
  t.equal(sampleOf(text, 'gatehouse_workers_silent'), 0)
})

test('a missing or silent worker does not affect the others', async (t) => {
  const [well, hung, gone] = [startWorker(1), startWorker(2), startWorker(3)]
  const scrape = scrapeWorkers(() => new Map([well, hung, gone].map(({ primary }, i) => [i + 1, primary])))
  hung.channel.deaf = true
  gone.channel.cut = true
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const answered = new Promise((resolve) => well.primary.on('message', resolve))
  const scraped = scrape()
  await answered
  // Its answer is taken before the time of the others is over.
  mock.timers.tick(1_000)
  const text = await scraped
  t.equal(sampleOf(text, 'made_total'), 1)
  t.equal(sampleOf(text, 'gatehouse_workers_silent'), 2)
  hung.channel.deaf = false
  gone.channel.cut = false
  t.equal(sampleOf(await scrape(), 'gatehouse_workers_silent'), 0)
})

test('other messages between the processes are ignored', async (t) => {
  const worker = startWorker(1)
  const scraped = scrapeWorkers(() => new Map([[1, worker.primary]]))()
  worker.primary.send({}, () => {})
  worker.worker.send({}, () => {})
  worker.worker.send({ metrics: { id: 99, text: 'not asked for' } }, () => {})
  t.equal(sampleOf(await scraped, 'made_total', { worker: '1' }), 1)
})

test('a stopped worker no longer replies', async (t) => {
  const worker = startWorker(1)
  worker.stop()
  t.equal(worker.listeners(), 0)
})
