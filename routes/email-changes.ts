import { answer } from '../schemas/answers.ts'
import { Message, ref } from '../schemas/common.ts'
import { EmailChange, EmailChangeToken, EmailConfirmation } from '../schemas/email-changes.ts'
import { type EmailChanges, ownToken } from '../src/auth/email-changes.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['email']
const change = {
  operationId: 'changeEmail',
  tags,
  stepUp: true,
  summary: 'Ask for another address of your account',
  description:
    'The address stays as it is until the owner of the new one confirms the change, with the link of a mail that is valid ' +
    'for 24 hours. The old address gets a notice with a link to cancel it. The answer is the same whether the new address ' +
    'is free or not: the owner of a taken one gets a mail that says so, without a link. One address gets at most five mails ' +
    'an hour. A newer request replaces the one before. 403: the account belongs to another issuer, which keeps its address. 503: the service has no mail server.',
  body: ref(EmailChange),
  response: { 202: answer('If the new address is free, a mail to confirm it is on its way', ref(Message)) },
  problems: [403, 429]
}
const confirm = {
  operationId: 'confirmEmailChange',
  tags,
  summary: 'Confirm a new address with the token or the code of the mail to it',
  description:
    'Send it when the person presses a button, never when the link is opened, because scanners open links too. The token ' +
    'works in any browser; `code` takes the access token of the user who asked for the change. The address ' +
    'changes now and counts as verified. Sessions continue; their access tokens name the old address until they are ' +
    'refreshed. Every other mail becomes invalid, except those that cancel or undo the change. 401 `invalid_token`: the ' +
    'link is wrong, was used, was replaced or has expired, or the change was cancelled. 401 `invalid_code`: the same of the ' +
    'code, which is invalid after five wrong tries. 403: the account belongs to another issuer. 409 `email_taken`: another account ' +
    'has got the address meanwhile, and nothing changes.',
  security: [{}, { bearer: [] }],
  body: ref(EmailConfirmation),
  response: { 200: answer('The account has the new address', ref(Message)) },
  problems: [401, 403, 409, 429]
}
const cancel = {
  operationId: 'cancelEmailChange',
  tags,
  summary: 'Cancel or undo a change of address with the token of the mail to the old one',
  description:
    'Send it when the person presses a button. It works for 72 hours after the request and after the change: the account ' +
    'gets the old address back, which is reserved meanwhile, and later changes are cancelled too. Every session ends, and ' +
    'every other mail becomes invalid. Then offer a new password by mail: somebody else may know the present one. Until the ' +
    'password is reset, or for 24 hours, no other change can be confirmed. ' +
    '401 `invalid_token`: the link is wrong or has expired, or the change was cancelled before.',
  body: ref(EmailChangeToken),
  response: { 200: answer('The account has the old address, and every session has ended', ref(Message)) },
  problems: [401, 429]
}

interface Options {
  emailChanges: EmailChanges
}

export const emailChangeRoutes: Routes<Options> = async function emailChangeRoutes(app, { emailChanges }) {
  app.requireMail()
  // Before the step-up, which users of another issuer can only do there.
  app.addHook('onRequest', async ({ user }) => {
    ownToken(user.token)
  })

  app.post('/change', { schema: change }, async ({ user, body, client }, reply) => {
    await emailChanges.request(ownToken(user.token), body, client)
    return reply.code(202).send({ message: 'If the new address is free, a mail to confirm it is on its way' })
  })
}

/** Public routes for the links of mails, which people open in any browser. */
export const emailChangeLinkRoutes: Routes<Options> = async function emailChangeLinkRoutes(app, { emailChanges }) {
  app.requireMail()

  app.post(
    '/confirm',
    {
      schema: confirm,
      onRequest: app.limitAttempts(),
      preHandler(request, reply, done) {
        const { token, code } = request.body
        if (token === undefined && code !== undefined) return app.authenticate(request, reply, done)
        done()
      }
    },
    async ({ body, user, client }) => {
      await emailChanges.confirm(body, user, client)
      return { message: 'The address was changed. Log in with the new one from now on' }
    }
  )

  app.post('/cancel', { schema: cancel, onRequest: app.limitAttempts() }, async ({ body, client }) => {
    await emailChanges.cancel(body, client)
    return { message: 'The change was cancelled. If you did not ask for it, set a new password now' }
  })
}
