import { EventEmitter } from 'node:events'
import { test } from 'tap'
import { createTraffic } from '../../src/mail/traffic.ts'

test('a process is busy with five requests in a second, and until a second later', (t) => {
  let now = 0
  const server = new EventEmitter()
  const traffic = createTraffic(() => now)
  const requests = (count: number) => {
    for (let i = 0; i < count; i++) server.emit('request')
  }
  traffic.begin()
  t.notOk(traffic.isBusy(), 'without a server')
  traffic.end()
  traffic.watch(server)
  requests(100)
  traffic.begin()
  traffic.begin()
  t.equal(server.listenerCount('request'), 1)
  t.notOk(traffic.isBusy(), 'what came before')
  requests(4)
  t.notOk(traffic.isBusy(), 'health checks')
  requests(1)
  t.ok(traffic.isBusy())
  now = 1_000
  t.ok(traffic.isBusy(), 'the second before')
  now = 1_999
  t.ok(traffic.isBusy())
  now = 2_000
  t.notOk(traffic.isBusy())
  requests(9)
  now = 9_000
  t.notOk(traffic.isBusy(), 'long ago')
  traffic.end()
  t.equal(server.listenerCount('request'), 0)
  t.end()
})
