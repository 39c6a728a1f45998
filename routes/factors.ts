import { answer, nothing } from '../schemas/answers.ts'
import { ref } from '../schemas/common.ts'
import { Factors, RecoveryCodes, TotpCode, TotpSecret } from '../schemas/factors.ts'
import type { SecondFactors } from '../src/auth/factors/factors.ts'
import { ownSession } from '../src/auth/factors/step-up.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['factors']
const list = {
  operationId: 'listFactors',
  tags,
  summary: 'Which factors you have besides the password',
  description: 'Warn a person who has a second factor and no recovery code left.',
  response: { 200: answer('The factors', ref(Factors)) }
}
const setUpTotp = {
  operationId: 'setUpTotp',
  tags,
  summary: 'Set up an authenticator app',
  description:
    'Makes a secret, which is not on yet. Show it as a QR code of `uri`, ask for the first code, and send that to `POST ' +
    '/api/auth/factors/totp/confirm` within ten minutes. A second call replaces the secret. 409 `second_factor_on`: an ' +
    'authenticator app is on.',
  stepUp: true,
  response: { 201: answer('The secret', ref(TotpSecret)) },
  problems: [409]
}
const confirmTotp = {
  operationId: 'confirmTotp',
  tags,
  summary: 'Turn the authenticator app on with its first code',
  description:
    'From now on a login asks for a code. Show the recovery codes once, and ask the person to keep them. All sessions end ' +
    'that were opened without a second factor, except this one. 401 `invalid_code`: the code is wrong, or the secret is ' +
    'older than ten minutes.',
  body: ref(TotpCode),
  response: { 200: answer('The authenticator app is on', ref(RecoveryCodes)) },
  problems: [429]
}
const removeTotp = {
  operationId: 'removeTotp',
  tags,
  summary: 'Turn the authenticator app off',
  description:
    'Without any other second factor the recovery codes become invalid, and a login asks for the password only.',
  stepUp: true,
  response: { 204: nothing('The authenticator app is off') },
  problems: [404]
}
const makeRecoveryCodes = {
  operationId: 'makeRecoveryCodes',
  tags,
  summary: 'Replace the recovery codes',
  description: 'The old codes become invalid. 409 `second_factor_off`: there is no second factor to recover.',
  stepUp: true,
  response: { 200: answer('The new recovery codes', ref(RecoveryCodes)) },
  problems: [409]
}

export const factorRoutes: Routes<{ factors: SecondFactors }> = async function factorRoutes(app, { factors }) {
  app.get('', { schema: list }, ({ user }) => factors.find(user.id))

  app.post('/totp', { schema: setUpTotp }, async ({ user }, reply) =>
    reply.code(201).send(await factors.setUpTotp(ownSession(user.token)))
  )

  app.post(
    '/totp/confirm',
    { schema: confirmTotp, onRequest: app.limitAttempts() },
    async ({ user, body, client }) => ({
      recovery_codes: await factors.confirmTotp(ownSession(user.token), body.code, client)
    })
  )

  app.delete('/totp', { schema: removeTotp }, async ({ user, client }, reply) => {
    await factors.removeTotp(ownSession(user.token), client)
    return reply.code(204).send(null)
  })

  app.post('/recovery-codes', { schema: makeRecoveryCodes }, async ({ user, client }) => ({
    recovery_codes: await factors.makeRecoveryCodes(ownSession(user.token), client)
  }))
}
