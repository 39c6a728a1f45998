import { type Algorithm, algorithms } from '../auth/tokens/jwks.ts'
import { type Evidence, type Explainers, type Explanation, quote } from './findings.ts'

/** Returns the issuer whose published keys would verify a token. */
export const issuerOf = ({ jws: { header, claims }, config }: Evidence) =>
  header.alg === 'HS256' ? undefined : config.issuers.find(({ issuer }) => issuer === claims.iss)

/** Whether two URLs differ only in details that people overlook. */
const looksLike = (value: unknown, expected: string): boolean => {
  const bare = (text: string) =>
    text
      .toLowerCase()
      .replace(/^https?:\/\//, '')
      .replace('127.0.0.1', 'localhost')
      .replace(/\/+$/, '')
  return typeof value === 'string' && bare(value) === bare(expected)
}

const isAsymmetric = (alg: unknown): alg is Algorithm => typeof alg === 'string' && alg in algorithms

function unknownIssuer({ jws: { claims }, config }: Evidence): Explanation {
  const names = config.issuers.map(({ issuer }) => issuer)
  const near = names.find((name) => looksLike(claims.iss, name))
  const configured =
    names.length > 0 ? `this service trusts ${names.map(quote).join(', ')}` : 'this service trusts no other issuer'
  return {
    broken: `its issuer (iss) is ${quote(claims.iss)}, and ${configured}`,
    change: near
      ? 'They must be identical, including the scheme, host, port and final slash. Correct BETTER_AUTH_URL or TRUSTED_ISSUERS, or the baseURL on the other side.'
      : 'If you trust that server, set BETTER_AUTH_URL to its URL (Better Auth), or add it to TRUSTED_ISSUERS.'
  }
}

function wrongAlgorithm(evidence: Evidence): Explanation {
  const { header, claims } = evidence.jws
  const issuer = issuerOf(evidence)
  if (issuer)
    return {
      broken: `its algorithm is ${quote(header.alg)}; from ${quote(issuer.issuer)}, this key requires another one`,
      change: `The service accepts ${issuer.algorithms.join(', ')} from this issuer. Change the algorithm there (keyPairConfig of jwt()), or the algorithms in TRUSTED_ISSUERS.`
    }
  if (isAsymmetric(header.alg) && claims.iss !== evidence.config.issuer) return unknownIssuer(evidence)
  return {
    broken: `its algorithm is ${quote(header.alg)}: a token that is signed with the secret must use HS256`,
    change: "Sign it with HS256: setProtectedHeader({ alg: 'HS256' }) in jose."
  }
}

function wrongAudience(evidence: Evidence): Explanation {
  const { claims } = evidence.jws
  const { audience, betterAuth } = evidence.config
  const issuer = issuerOf(evidence)
  if ([claims.aud].flat().includes('better-auth:session-cache'))
    return {
      broken: "it is Better Auth's cookie cache, not a login",
      change: 'Send the token that GET /api/auth/token returns.'
    }
  const expected = issuer ? [issuer.audience] : [audience, ...(betterAuth ? [betterAuth.audience] : [])]
  const broken = `its audience (aud) is ${quote(claims.aud)}, and it must be exactly ${expected.map(quote).join(' or ')}`
  if (Array.isArray(claims.aud))
    return issuer
      ? { broken, change: 'Add the audience of this service to the list, or correct the audience in TRUSTED_ISSUERS.' }
      : { broken, change: 'It must be a text, not a list.' }
  if (expected.some((name) => looksLike(claims.aud, name)))
    return { broken, change: 'They differ in the scheme or in a final slash. Write it the same way on both sides.' }
  const setting = issuer ? 'the audience in TRUSTED_ISSUERS' : 'JWT_AUDIENCE'
  return {
    broken,
    change: `The token was made for another service. If it is meant for this one, correct ${setting}, or the program that issues it.`
  }
}

/** Explanations about issuer, audience and algorithm. */
export const aboutIssuers: Explainers = {
  algorithm: wrongAlgorithm,
  'unknown issuer': unknownIssuer,
  audience: wrongAudience
}
