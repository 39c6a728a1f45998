import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** Milliseconds that the server takes to accept a mail. */
const delay = Number(process.env.MAIL_DELAY ?? 0)

/** A mail server on loopback that throws every mail away. */
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  disableReverseLookup: true,
  logger: false,
  onData(stream, _session, done) {
    stream.resume().on('end', () => (delay > 0 ? setTimeout(done, delay) : done()))
  }
})
server.on('error', () => {})
server.listen(0, '127.0.0.1')
await once(server.server, 'listening')
const { port } = server.server.address() as AddressInfo
process.stdout.write(`accepts mail on smtp://127.0.0.1:${port}\n`)
