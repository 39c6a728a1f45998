import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type {
  AuthenticationCredential,
  PasskeyCreationOptions,
  PasskeyRequestOptions,
  RegistrationCredential
} from '../../../schemas/webauthn.ts'
import type { PasskeySettings } from '../../config/passkey-settings.ts'
import type { NewPasskey, PasskeyUse } from '../../repositories/passkeys.ts'
import { passkeyChallengeLife } from './passkey-challenges.ts'

/** ES256, EdDSA and RS256. */
const algorithms = [-7, -8, -257]
/** Bytes. A key for RSA with 4096 bits has 550. */
const longestKey = 1_024

// Loaded on demand: it takes 10 MB.
const load = async () => ({
  ...(await import('@simplewebauthn/server')),
  ...(await import('@simplewebauthn/server/helpers'))
})
type Library = Awaited<ReturnType<typeof load>>

/** The user handle of an account: the 16 bytes of its id, which say nothing about the person. */
export const userHandleOf = (userId: string) => Buffer.from(userId.replaceAll('-', ''), 'hex').toString('base64url')

type IsChallenge = (challenge: string) => boolean

/** Refuses a page that another site has embedded (WebAuthn, section 13.4.9). The library allows most of them. */
function refuseEmbedded({ decodeClientDataJSON }: Library, clientData: string): void {
  const { crossOrigin = false, topOrigin }: { crossOrigin?: unknown; topOrigin?: unknown } =
    decodeClientDataJSON(clientData)
  if (crossOrigin !== false || topOrigin !== undefined) throw new Error('The page is embedded in one of another site')
}

/**
 * Refuses attestation by a manufacturer, which was not asked for: its certificates name hosts that the library would
 * contact. Self-attestation is allowed (WebAuthn, section 5.1.3).
 */
function refuseCertificates({ decodeAttestationObject, isoBase64URL }: Library, attestation: string): void {
  const decoded = decodeAttestationObject(isoBase64URL.toBuffer(attestation))
  const format = decoded.get('fmt')
  if (format !== 'none' && (format !== 'packed' || decoded.get('attStmt').get('x5c') !== undefined))
    throw new Error('The attestation is neither "none" nor self-attestation')
}

interface CreationOptions {
  userId: string
  email: string
  challenge: Buffer
  existing: { credential_id: string; transports: string[] }[]
}

const describe = (passkeys: CreationOptions['existing']) =>
  passkeys.map(({ credential_id: id, transports }) => ({ id, transports }))

/** Options for `navigator.credentials.create()`. */
export async function creationOptions(
  { rpId: rpID, rpName }: PasskeySettings,
  { userId, email, challenge, existing }: CreationOptions
) {
  const { generateRegistrationOptions } = await load()
  const options = await generateRegistrationOptions({
    rpID,
    rpName,
    userID: Uint8Array.from(Buffer.from(userHandleOf(userId), 'base64url')),
    userName: email,
    userDisplayName: email,
    challenge: Uint8Array.from(challenge),
    timeout: passkeyChallengeLife,
    attestationType: 'none',
    excludeCredentials: describe(existing),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: algorithms
  })
  return options as PasskeyCreationOptions
}

/** Options for `navigator.credentials.get()`. Without `existing` the person chooses among all passkeys for this site. */
export async function requestOptions(
  { rpId: rpID }: PasskeySettings,
  challenge: Buffer,
  existing: CreationOptions['existing'] = []
) {
  const { generateAuthenticationOptions } = await load()
  const options = await generateAuthenticationOptions({
    rpID,
    challenge: Uint8Array.from(challenge),
    timeout: passkeyChallengeLife,
    allowCredentials: describe(existing),
    userVerification: 'required'
  })
  return options as PasskeyRequestOptions
}

/** Verifies a new credential (WebAuthn, section 7.1). Throws an error that says what is wrong. */
export async function verifyRegistration(
  { rpId, origins }: PasskeySettings,
  credential: RegistrationCredential,
  isChallenge: IsChallenge
): Promise<Omit<NewPasskey, 'user_id' | 'name'>> {
  const library = await load()
  refuseEmbedded(library, credential.response.clientDataJSON)
  refuseCertificates(library, credential.response.attestationObject)
  const { registrationInfo } = await library.verifyRegistrationResponse({
    response: credential as RegistrationResponseJSON,
    expectedChallenge: isChallenge,
    expectedOrigin: origins,
    expectedRPID: rpId,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms
  })
  if (!registrationInfo) throw new Error('The self-attestation is wrong')
  const { id, publicKey, counter } = registrationInfo.credential
  if (publicKey.length > longestKey) throw new Error('The public key is too long')
  if (id !== credential.id) throw new Error('The authenticator made another credential')
  return {
    credential_id: id,
    public_key: Buffer.from(publicKey),
    sign_count: counter,
    transports: credential.response.transports ?? [],
    backup_eligible: registrationInfo.credentialDeviceType === 'multiDevice',
    backed_up: registrationInfo.credentialBackedUp
  }
}

interface StoredKey {
  user_id: string
  credential_id: string
  public_key: Buffer
}

interface Ceremony {
  isChallenge: IsChallenge
  /** Whether the person chose among all passkeys, so that only the user handle tells who it is. */
  isDiscovered: boolean
}

/**
 * Verifies an assertion (WebAuthn, section 7.2), except its counter and the use of its challenge. Throws an error that says
 * what is wrong.
 */
export async function verifyAssertion(
  { rpId, origins }: PasskeySettings,
  credential: AuthenticationCredential,
  { user_id, credential_id, public_key }: StoredKey,
  { isChallenge, isDiscovered }: Ceremony
): Promise<PasskeyUse> {
  const library = await load()
  refuseEmbedded(library, credential.response.clientDataJSON)
  const { userHandle } = credential.response
  if (userHandle === undefined ? isDiscovered : userHandle !== userHandleOf(user_id))
    throw new Error('The user handle is missing, or of another user')
  const { verified, authenticationInfo } = await library.verifyAuthenticationResponse({
    response: credential as AuthenticationResponseJSON,
    expectedChallenge: isChallenge,
    expectedOrigin: origins,
    expectedRPID: rpId,
    requireUserVerification: true,
    // The library compares counters before the signature, so that anybody could cause an alarm.
    credential: { id: credential_id, publicKey: Uint8Array.from(public_key), counter: 0 }
  })
  if (!verified) throw new Error('The signature is wrong')
  return {
    sign_count: authenticationInfo.newCounter,
    backup_eligible: authenticationInfo.credentialDeviceType === 'multiDevice',
    backed_up: authenticationInfo.credentialBackedUp
  }
}
