import { Type } from '@sinclair/typebox'
import { answer, nothing } from '../schemas/answers.ts'
import { id, ref } from '../schemas/common.ts'
import { AddedPasskey, NewPasskey, Passkey, PasskeyList, PasskeyLogin, PasskeyPatch } from '../schemas/passkeys.ts'
import { AuthResponse } from '../schemas/users.ts'
import { PasskeyCreationOptions, PasskeyRequestOptions } from '../schemas/webauthn.ts'
import type { Passkeys } from '../src/auth/factors/passkeys.ts'
import { ownSession } from '../src/auth/factors/step-up.ts'
import { problems } from '../src/http/problems.ts'
import type { Routes } from '../src/http/typebox.ts'

const tags = ['passkeys']
const params = Type.Object({ id: id('The id of the passkey') })
const creationOptions = {
  operationId: 'getPasskeyCreationOptions',
  tags,
  stepUp: true,
  summary: 'Begin to add a passkey',
  description:
    'Hand the answer to `navigator.credentials.create()`, and the result to `POST /api/auth/passkeys` within five minutes. ' +
    '409 `quota_exceeded`: the account has 20 passkeys. 404: passkeys are off, see docs/passkeys.md.',
  response: { 200: answer('The options', ref(PasskeyCreationOptions)) },
  problems: [404, 409, 429]
}
const add = {
  operationId: 'addPasskey',
  tags,
  stepUp: true,
  summary: 'Add a passkey',
  description:
    'From now on the passkey signs in, without a password. The first second factor of an account ends the sessions that ' +
    'were opened without one, except this one, and comes with `recovery_codes`: show them once, and ask the person to keep ' +
    'them. 400: the passkey was made for another site or request, without user verification, or with another algorithm.',
  body: ref(NewPasskey),
  response: { 201: answer('The passkey is added', ref(AddedPasskey)) },
  problems: [404, 409, 429]
}
const list = {
  operationId: 'listPasskeys',
  tags,
  summary: 'List your passkeys',
  description:
    'At most 20. Hand their `credential_id` to `PublicKeyCredential.signalAllAcceptedCredentials()`, where the browser has ' +
    'it, so that password managers forget those that were removed.',
  response: { 200: answer('The passkeys', ref(PasskeyList)) }
}
const rename = {
  operationId: 'renamePasskey',
  tags,
  summary: 'Rename a passkey',
  description: 'The name is for its owner only: it helps to tell passkeys apart.',
  params,
  body: ref(PasskeyPatch),
  response: { 200: answer('The passkey has its new name', ref(Passkey)) },
  problems: [404]
}
const remove = {
  operationId: 'removePasskey',
  tags,
  stepUp: true,
  summary: 'Remove a passkey',
  description:
    'It no longer signs in; sessions continue. The password always stays. Call ' +
    '`PublicKeyCredential.signalUnknownCredential()` with its `credential_id` afterwards. Without any other second factor ' +
    'the recovery codes become invalid, and a login asks for the password only.',
  params,
  response: { 204: nothing('The passkey is removed') },
  problems: [404]
}
const loginOptions = {
  operationId: 'getPasskeyLoginOptions',
  tags,
  summary: 'Begin to sign in with a passkey',
  description:
    'Hand the answer to `navigator.credentials.get()`, also with `mediation: "conditional"`, and the result to `POST ' +
    '/api/auth/passkeys/login` within five minutes: a page that is open for longer asks again. It is the same for ' +
    'everybody: the person chooses the passkey, which knows the account. 404: passkeys are off.',
  response: { 200: answer('The options', ref(PasskeyRequestOptions)) },
  problems: [404, 429]
}
const login = {
  operationId: 'logInWithPasskey',
  tags,
  summary: 'Sign in with a passkey',
  description:
    'Opens a session beside those that the account has, without a further factor. Keep both tokens of the answer. 401 ' +
    '`invalid_credentials`, whatever the reason: the passkey is unknown or was removed, the challenge has expired or was ' +
    'used; begin again. 401 `email_not_verified`: a mail to confirm the address is on its way.',
  body: ref(PasskeyLogin),
  response: { 200: answer('The session is open', ref(AuthResponse)) },
  problems: [401, 404, 429]
}

interface Options {
  passkeys: Passkeys
}

/** Public routes: a passkey is the login. */
export const passkeyLoginRoutes: Routes<Options> = async function passkeyLoginRoutes(app, { passkeys }) {
  app.post('/options', { schema: loginOptions, onRequest: app.limitAttempts() }, () => passkeys.loginOptions())

  app.post('', { schema: login, onRequest: app.limitAttempts() }, async ({ body, client }, reply) => {
    const opened = await passkeys.logIn(body.credential, client)
    return body.refresh_cookie ? reply.withRefreshCookie(opened) : opened
  })
}

export const passkeyRoutes: Routes<Options> = async function passkeyRoutes(app, { passkeys }) {
  app.post('/options', { schema: creationOptions, onRequest: app.limitAttempts() }, ({ user }) =>
    passkeys.creationOptions(ownSession(user.token))
  )

  app.post('', { schema: add, onRequest: app.limitAttempts() }, async ({ user, body, client }, reply) =>
    reply.code(201).send(await passkeys.add(ownSession(user.token), body, client))
  )

  app.get('', { schema: list }, async ({ user }) => ({ items: await passkeys.list(user.id) }))

  app.patch('/:id', { schema: rename }, async ({ user, params, body }) => {
    const renamed = await passkeys.rename(user.id, params.id, body.name)
    if (!renamed) throw problems.notFound('Passkey')
    return renamed
  })

  app.delete('/:id', { schema: remove }, async ({ user, params, client }, reply) => {
    await passkeys.remove(ownSession(user.token), params.id, client)
    return reply.code(204).send(null)
  })
}
