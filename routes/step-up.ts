import { answer } from '../schemas/answers.ts'
import { ref } from '../schemas/common.ts'
import { AuthResponse, StepUp } from '../schemas/users.ts'
import type { StepUps } from '../src/auth/factors/step-up.ts'
import type { Routes } from '../src/http/typebox.ts'

const stepUp = {
  operationId: 'stepUp',
  tags: ['auth'],
  summary: 'Prove again who you are',
  description:
    'For a request that got 401 `step_up_required`: ask the person for the password, or for a code where the account has a ' +
    'second factor. Replace the access token by that of the answer, and repeat the request within ten minutes. The session ' +
    'and its refresh token stay the same. 401 `invalid_credentials`: the password is wrong. 401 `invalid_code`: the code is ' +
    'wrong or was used. 401 `second_factor_required`: the password alone is not enough for this account. Accounts of another ' +
    'issuer have no password here and get 401 `step_up_required`, whose detail names the issuer.',
  body: ref(StepUp),
  response: { 200: answer('The new access token has a new `auth_time`', ref(AuthResponse)) },
  problems: [429]
}

export const stepUpRoutes: Routes<{ stepUps: StepUps }> = async function stepUpRoutes(app, { stepUps }) {
  const options = { schema: stepUp, config: { turn: 'hash' }, onRequest: app.limitAttempts() } as const
  app.post('', options, ({ user, body, client }) => stepUps.stepUp(user.token, body, client))
}
