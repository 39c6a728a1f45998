import {
  browserSupportsWebAuthn,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  sendSignal,
  startAuthentication,
  startRegistration,
  WebAuthnError
} from '@simplewebauthn/browser'
import { addPasskey, passkeyCreationOptions, passkeyStepUpOptions } from '../api/passkeys.ts'
import { logInWithPasskey, passkeyOptions, stepUp } from '../api/session.ts'

/** Passkeys belong to a name, never to an IP address. */
const isName = (host: string) => !/^[\d.]+$|:/.test(host)

export const canUsePasskeys = () => browserSupportsWebAuthn() && isName(location.hostname)

const nameOf = (error: unknown) => (error instanceof Error ? error.name : '')
const codeOf = (error: unknown) => (error instanceof WebAuthnError ? error.code : '')

/** Why the browser made or used no passkey; empty for other errors. The browser does not say whether the user cancelled. */
export function passkeyTrouble(error: unknown): string {
  if (codeOf(error) === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED')
    return 'This device has a passkey for your account.'
  if (nameOf(error) === 'SecurityError') return 'Passkeys do not work at this address.'
  if (nameOf(error) === 'NotAllowedError' || nameOf(error) === 'AbortError') return 'No passkey was used.'
  return nameOf(error) === 'NotSupportedError' || error instanceof WebAuthnError
    ? 'Your device could not do this. Try another one.'
    : ''
}

/** As it is sent: the library's types have members that may be undefined, which JSON leaves out. */
const plain = (credential: object) => JSON.parse(JSON.stringify(credential))

/** Makes a passkey on a device of the user. */
export async function createPasskey(name: string) {
  const optionsJSON = (await passkeyCreationOptions()) as PublicKeyCredentialCreationOptionsJSON
  return addPasskey(plain(await startRegistration({ optionsJSON })), name)
}

async function use(options: object, useBrowserAutofill = false) {
  const optionsJSON = options as PublicKeyCredentialRequestOptionsJSON
  return plain(await startAuthentication({ optionsJSON, useBrowserAutofill }))
}

/** Signs in with the passkey that the user chooses; with `autofill` from the suggestions of the email field. */
export const enterWithPasskey = async (autofill = false) =>
  logInWithPasskey(await use(await passkeyOptions(), autofill))

export const stepUpWithPasskey = async () => stepUp({ credential: await use(await passkeyStepUpOptions()) })

/** Tells the device that a passkey is gone, where the browser can. It is not important enough for an error. */
export const forgetPasskey = (credentialID: string) =>
  sendSignal({ signalName: 'unknownCredential', rpID: location.hostname, credentialID }).catch(() => undefined)
