import { answer } from '../schemas/answers.ts'
import { ref } from '../schemas/common.ts'
import { AuthResponse, StepUp } from '../schemas/users.ts'
import { PasskeyRequestOptions } from '../schemas/webauthn.ts'
import type { Passkeys } from '../src/auth/factors/passkeys.ts'
import { ownSession, type StepUps } from '../src/auth/factors/step-up.ts'
import type { Routes } from '../src/http/typebox.ts'

const stepUp = {
  operationId: 'stepUp',
  tags: ['auth'],
  summary: 'Prove again who you are',
  description:
    'For a request that got 401 `step_up_required`: ask the person for the password, or for a code or a passkey where the ' +
    'account has one. Replace the access token by that of the answer, and repeat the request within ten minutes. The session ' +
    'and its refresh token stay the same. 401 `invalid_credentials`: the password is wrong. 401 `invalid_code`: the code is ' +
    'wrong or was used. For a passkey call `POST /api/auth/step-up/options` first; 404: passkeys are off. 401 `second_factor_required`: the password alone is not enough for this account. Accounts of another ' +
    'issuer have no password here and get 401 `step_up_required`, whose detail names the issuer.',
  body: ref(StepUp),
  response: { 200: answer('The new access token has a new `auth_time`', ref(AuthResponse)) },
  problems: [404, 429]
}

const passkeyOptions = {
  operationId: 'getStepUpOptions',
  tags: ['auth'],
  summary: 'Begin to prove with a passkey who you are',
  description:
    'Hand the answer to `navigator.credentials.get()`, and the result to `POST /api/auth/step-up` within five minutes, in ' +
    'the same session. It names the passkeys of the account. 404: passkeys are off.',
  response: { 200: answer('The options', ref(PasskeyRequestOptions)) },
  problems: [404, 429]
}

interface Options {
  stepUps: StepUps
  passkeys: Passkeys
}

export const stepUpRoutes: Routes<Options> = async function stepUpRoutes(app, { stepUps, passkeys }) {
  const options = { schema: stepUp, config: { turn: 'hash' }, onRequest: app.limitAttempts() } as const
  app.post('', options, ({ user, body, client }) => stepUps.stepUp(user.token, body, client))

  app.post('/options', { schema: passkeyOptions, onRequest: app.limitAttempts() }, ({ user }) =>
    passkeys.stepUpOptions(ownSession(user.token))
  )
}
