import { answer } from '../schemas/answers.ts'
import { Message, ref } from '../schemas/common.ts'
import { EmailVerification } from '../schemas/email.ts'
import type { Verification } from '../src/auth/verification.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['email']
const verify = {
  operationId: 'verifyEmail',
  tags,
  summary: 'Confirm an address with the token or the code of a mail',
  description:
    'Send it when the person presses a button, never when the link is opened, because scanners open links too. It opens ' +
    'no session, and works in any browser: only `code` without `email` takes an access token. A mail proves the address ' +
    'that it was sent to. 401 `invalid_token`: the link or the code is wrong, was used, was replaced, has expired, or the ' +
    'account has another address by now. A code is invalid after five wrong tries. 403: the account belongs to another issuer.',
  security: [{}, { bearer: [] }],
  body: ref(EmailVerification),
  response: { 200: answer('The address is confirmed', ref(Message)) },
  problems: [401, 403, 429]
}
const send = {
  operationId: 'sendEmailVerification',
  tags,
  summary: 'Send the mail to confirm your address again',
  description:
    'The mail has a link and a code, which are valid for 24 hours; a newer mail replaces them. One address gets at most ' +
    'five mails an hour, and none once it is confirmed. 403: the account belongs to another issuer.',
  response: { 202: answer('If the address is not confirmed yet, a mail is on its way', ref(Message)) },
  problems: [403, 429]
}

interface Options {
  verification: Verification
}

/** Public, because mails are read on other devices, and because a person may have no session yet. */
export const emailRoutes: Routes<Options> = async function emailRoutes(app, { verification }) {
  app.requireMail()

  app.post(
    '/verify',
    {
      schema: verify,
      onRequest: app.limitAttempts(),
      preHandler(request, reply, done) {
        const { token, email } = request.body
        if (token === undefined && email === undefined) return app.authenticate(request, reply, done)
        done()
      }
    },
    async ({ body, user, client }) => {
      await verification.verify(body, user, client)
      return { message: 'The address is confirmed' }
    }
  )
}

export const verificationRoutes: Routes<Options> = async function verificationRoutes(app, { verification }) {
  app.requireMail()

  app.post('/verification', { schema: send, onRequest: app.limitAttempts() }, async ({ user, client }, reply) => {
    await verification.send(user, client)
    return reply.code(202).send({ message: 'If the address is not confirmed yet, a mail is on its way' })
  })
}
