import { answer } from '../schemas/answers.ts'
import { Message, ref } from '../schemas/common.ts'
import { Forgot, Reset } from '../schemas/recovery.ts'
import type { Recovery } from '../src/auth/recovery.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['recovery']
const forgot = {
  operationId: 'forgotPassword',
  tags,
  summary: 'Ask for a mail to set a new password',
  description:
    'The answer is the same whether the account exists or not. The mail has a link and a code, which are valid for 30 ' +
    'minutes; a newer mail replaces them. One address gets at most five mails an hour. 503: the service has no mail server.',
  body: ref(Forgot),
  response: { 202: answer('If the account exists, a mail is on its way', ref(Message)) },
  problems: [429]
}
const reset = {
  operationId: 'resetPassword',
  tags,
  summary: 'Set a new password with the token or the code of a mail',
  description:
    'Send it when the person presses a button, never when the link is opened, because scanners open links too. Ends every ' +
    'session and opens none: ask the person to sign in. 401 `invalid_token`: the link or the code is wrong, was used, was ' +
    'replaced or has expired. A password that is refused leaves both as they are. A code is invalid after five wrong tries.',
  body: ref(Reset),
  response: { 200: answer('The password is changed, and every session has ended', ref(Message)) },
  problems: [401, 429]
}

/** Public routes for somebody who cannot log in. */
export const recoveryRoutes: Routes<{ recovery: Recovery }> = async function recoveryRoutes(app, { recovery }) {
  app.requireMail()

  app.post('/forgot', { schema: forgot, onRequest: app.limitAttempts() }, async ({ body, client }, reply) => {
    await recovery.forgot(body, client)
    return reply.code(202).send({ message: 'If there is an account with this address, a mail is on its way' })
  })

  app.post('/reset', { schema: reset, onRequest: app.limitAttempts() }, async ({ body, client }) => {
    await recovery.reset(body, client)
    return { message: 'The password was changed. Log in with the new one' }
  })
}
