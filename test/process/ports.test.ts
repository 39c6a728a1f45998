import type { LookupAddress } from 'node:dns'
import type { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Test, test } from 'tap'
import { checkPorts, explainPort } from '../../src/process/ports.ts'
import { unusedPort } from '../helpers/ports.ts'

/** A port in use by another program, on this address only. */
async function takenPort(t: Test, host = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(await unusedPort(), host)
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as { port: number }).port
}

const host = '127.0.0.1'

test('a port in use is explained in one sentence, with its setting', async (t) => {
  const port = await takenPort(t)
  for (const host of ['127.0.0.1', 'localhost', '0.0.0.0'])
    await t.rejects(checkPorts({ host, port, metrics: undefined }), {
      message: `Port ${port} on ${host} is taken: stop the program that listens there, or set PORT to another one.`
    })
  await t.rejects(checkPorts({ host, port: 0, metrics: { host, port } }), {
    message: `Port ${port} on ${host} is taken: stop the program that listens there, or set METRICS_PORT to another one.`
  })
})

test('a check of the ports finds the one that is taken, and keeps none', async (t) => {
  const port = await takenPort(t)
  await checkPorts({ host, port: 0, metrics: { host, port: 0 } })
  await t.rejects(checkPorts({ host, port: 0, metrics: { host, port } }))
})

test('localhost means all its addresses, except those this machine does not have', async (t) => {
  const addresses = (...all: string[]) =>
    (async () => all.map((address): LookupAddress => ({ address, family: 4 }))) as unknown as typeof lookup
  const settings = { host: 'localhost', port: await takenPort(t, '127.0.0.2'), metrics: undefined }
  await t.rejects(checkPorts(settings, addresses('127.0.0.1', '127.0.0.2')), { message: /is taken/ })
  await checkPorts(settings, addresses('127.0.0.1', '192.0.2.1'))
})

test('an unknown host is explained with its setting', async (t) => {
  await t.rejects(checkPorts({ host: 'nowhere.invalid', port: 0, metrics: undefined }), {
    message: 'The host nowhere.invalid is unknown: set HOST to an address of this machine.'
  })
  await t.rejects(checkPorts({ host, port: 0, metrics: { host: '192.0.2.1', port: 0 } }), {
    message:
      '192.0.2.1 is not an address of this machine: set METRICS_HOST to one that is, or to 0.0.0.0 for all of them.'
  })
})

test('a privileged port, and any other error, is explained', async (t) => {
  const failure = (code: string) => Object.assign(new Error(`listen ${code}`), { code })
  t.equal(explainPort(failure('EACCES'), host, 80), 'Port 80 may not be used by this user: set PORT to 1024 or more.')
  t.equal(explainPort(failure('EINVAL'), host, 80), 'Port 80 on 127.0.0.1 cannot be used: listen EINVAL')
  t.equal(explainPort(new Error('closed'), host, 80), 'Port 80 on 127.0.0.1 cannot be used: closed')
})
