import { once } from 'node:events'
import { test } from 'tap'
import { listening, startFakeWorkers } from '../helpers/workers.ts'

const noProcess = new Error('spawn EAGAIN')

test('a worker that could not be created is replaced like a failed one', async (t) => {
  const { last, next, lines, hopeless, all } = startFakeWorkers(2)
  last().emit('message', listening)
  const successor = next()
  last().process.pid = undefined
  last().emit('error', noProcess)
  t.equal((await successor).place, 2)
  t.match(lines.at(-2), { msg: 'a worker ended', worker: 2, code: null, reason: 'spawn EAGAIN' })
  last().emit('error', new Error('a signal could not be sent'))
  t.equal(all.workers.size, 2, 'one that runs stays')
  t.strictSame(hopeless, [])
})

test('the error of a first worker that could not be created is reported', async (t) => {
  const { all, last } = startFakeWorkers(1)
  last().process.pid = undefined
  last().emit('error', noProcess)
  await t.rejects(all.first, { message: 'spawn EAGAIN' })
})

test('after repeated failures to fork the service gives up', async (t) => {
  const { last, next, refuse, hopeless, forked } = startFakeWorkers(2)
  refuse(2)
  last().emit('message', listening)
  t.equal((await next()).place, 2)
  refuse(5)
  last().emit('exit', null, 'SIGKILL')
  await once(forked, 'hopeless')
  t.match(hopeless, [{ message: /^Worker 2 failed 5 times/ }])
})
