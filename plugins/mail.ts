import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { problems } from '../src/http/problems.ts'
import type { Mail } from '../src/mail/mail.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Makes every route of the scope answer 503 where no mail can be sent. */
    requireMail: () => void
    mail: Mail
  }
}

/** Sends the mails of the outbox while the service runs. */
export const mail = fp(
  async function mail(app, outgoing: Mail) {
    function requireMail(this: FastifyInstance): void {
      if (outgoing.settings) return
      this.addHook('onRequest', async () => {
        throw problems.unavailable('mail is not configured: set SMTP_URL', 3_600)
      })
    }

    app.decorate('mail', outgoing)
    app.decorate('requireMail', requireMail)
    outgoing.sender?.giveWayTo(app.server)
    // Not before, because the start migrates the database first.
    app.addHook('onReady', async () => outgoing.start())
    app.addHook('onClose', outgoing.stop)
  },
  { name: 'mail', dependencies: ['database'] }
)
