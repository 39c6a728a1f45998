import { createHmac } from 'node:crypto'
import { resolve } from 'node:path'
import { commandText } from '../process/program.ts'
import { shownUrl } from '../util/shown-url.ts'
import { type Evidence, type Explainers, type Explanation, quote } from './findings.ts'
import { issuerOf } from './issuer-checks.ts'

/** Better Auth's default secret. */
const published = 'better-auth-secret-12345678901234567890'

/** Secrets that a token may have been signed with by mistake, and the cause. */
function likelySecrets({ secrets }: Evidence['config']): [string | Buffer, string][] {
  return [
    [
      published,
      'the secret that Better Auth publishes as its default: BETTER_AUTH_SECRET is not set on the other side'
    ],
    ...secrets.flatMap(({ secret }): [string | Buffer, string][] => [
      [`${secret}\n`, "this service's secret and a line break: remove the line break on the other side"],
      [`"${secret}"`, "this service's secret in quotation marks: remove them on the other side"],
      [
        Buffer.from(secret, 'base64'),
        "this service's secret decoded from base64: the other side must use the text itself"
      ],
      [
        Buffer.from(secret, 'hex'),
        "this service's secret decoded from hexadecimal: the other side must use the text itself"
      ]
    ])
  ]
}

/** Names the origin of the service's secret. */
const source = ({ secrets, dataDir }: Evidence['config']) =>
  secrets[0]?.kid === 'local'
    ? `the one generated in ${resolve(dataDir)}, because BETTER_AUTH_SECRET is not set here`
    : 'BETTER_AUTH_SECRET or one of BETTER_AUTH_SECRETS'

function wrongSignature(evidence: Evidence): Explanation {
  const { jws, config } = evidence
  const issuer = issuerOf(evidence)
  if (issuer)
    return {
      broken: `its signature was not made by the key ${quote(jws.header.kid)} of ${quote(issuer.issuer)}`,
      change:
        'It was changed or truncated, or issued by another server of that name. Get a new one, and copy all of it.'
    }
  if (jws.header.alg !== 'HS256')
    return {
      broken: `its signature was not made by the key ${quote(jws.header.kid)} of this service`,
      change: 'It was changed or truncated. Get a new one, and copy all of it.'
    }
  const made = (secret: string | Buffer) =>
    createHmac('sha256', secret).update(jws.signed).digest().equals(jws.signature)
  const [, found] = likelySecrets(config).find(([secret]) => made(secret)) ?? []
  return {
    broken: found ? `it was signed with ${found}` : 'it was signed with another secret',
    change: found
      ? 'Set the same BETTER_AUTH_SECRET on both sides: openssl rand -base64 32'
      : `This service uses ${source(config)}. Set the same secret on both sides, and run this command with the settings of the service.`
  }
}

function unknownKey(evidence: Evidence): Explanation {
  const { kid } = evidence.jws.header
  const issuer = issuerOf(evidence)
  if (!issuer && evidence.jws.header.alg !== 'HS256')
    return {
      broken: `its key (kid) ${quote(kid)} is not one of the signing keys of this service`,
      change: `Get a new token: its key may have been removed. ${commandText('keys', 'list')} shows the keys.`
    }
  return issuer
    ? {
        broken: `its key (kid) ${quote(kid)} is not one of the keys at ${shownUrl(issuer.jwksUrl)} that can be used`,
        change: `Get a new token: the keys may have been replaced. If that does not help, it comes from another server of that name, or its key is refused: ${commandText('doctor')}, without a token, lists the keys.`
      }
    : {
        broken: `its key (kid) ${quote(kid)} is not a key of this service: ${evidence.config.secrets.map((s) => quote(s.kid)).join(', ')}`,
        change: 'If this service issued it, the secret was replaced since: log in again. If you issue it, omit kid.'
      }
}

const noKeyNamed: Explanation = {
  broken: 'it does not say which key it was signed with (kid)',
  change: 'Put the kid of the JWK Set into the header, as Better Auth does.'
}

/** Explanations about the signature and its key. */
export const aboutKeys: Explainers = {
  signature: wrongSignature,
  'unknown kid': unknownKey,
  'refused key': ({ jws }) => ({
    broken: `its key (kid) ${quote(jws.header.kid)} was retired, and its tokens are refused`,
    change: 'Log in again, or get a new token.'
  }),
  'shared secret': ({ config }) => ({
    broken: `it names this service as its issuer (iss), and is signed with BETTER_AUTH_SECRET instead of a key of ${config.signingAlgorithm}`,
    change: 'If this service issued it, log in again. If you issue it, omit iss.'
  }),
  'no kid': () => noKeyNamed
}
