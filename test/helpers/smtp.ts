import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import PostalMime, { type Email } from 'postal-mime'
import { generate } from 'selfsigned'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Test } from 'tap'

/** A certificate for localhost and 127.0.0.1, and its key. */
export const certificate = await generate([{ name: 'commonName', value: 'localhost' }], {
  keyType: 'ec',
  extensions: [
    { name: 'basicConstraints', cA: true },
    {
      name: 'subjectAltName',
      altNames: [
        { type: 2, value: 'localhost' },
        { type: 7, ip: '127.0.0.1' }
      ]
    }
  ]
})

/** A reply of the server, such as 550. */
export const reply = (responseCode: number, text = 'no') => Object.assign(new Error(text), { responseCode })

interface Options extends SMTPServerOptions {
  /** Called when a mail has arrived, before it is accepted. Throws the reply that refuses it. */
  accept?: (mail: Email, to: string) => unknown
}

/** A mail server that parses what it accepts, on any port or this one. */
export async function startSmtp(t: Test, { accept = () => {}, ...options }: Options = {}, wanted = 0) {
  const mails: (Email & { to: NonNullable<Email['to']>; recipient: string })[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    // A connection that a test left open does not delay its end.
    closeTimeout: 1,
    logger: false,
    ...{ key: certificate.private, cert: certificate.cert },
    async onData(stream, { envelope }, done) {
      try {
        const chunks: Buffer[] = []
        for await (const chunk of stream) chunks.push(chunk as Buffer)
        const mail = await PostalMime.parse(Buffer.concat(chunks))
        const [recipient = ''] = envelope.rcptTo.map(({ address }) => address)
        await accept(mail, recipient)
        mails.push({ ...mail, to: mail.to ?? [], recipient })
        done()
      } catch (error) {
        done(error as Error)
      }
    },
    ...options
  })
  server.on('error', () => {})
  server.listen(wanted, '127.0.0.1')
  await once(server.server, 'listening')
  const { port } = server.server.address() as AddressInfo
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return {
    server,
    mails,
    port,
    url: `smtp${options.secure ? 's' : ''}://127.0.0.1:${port}`,
    to: (address: string) => mails.filter(({ recipient }) => recipient === address)
  }
}

/** The settings of a service that sends to a server, without mails for new accounts. */
export const mailSettings = (url: string) => ({
  SMTP_URL: url,
  MAIL_FROM: 'Gate House <no-reply@mail.example.com>',
  APP_URL: 'https://app.example.com',
  EMAIL_VERIFICATION: 'off'
})
