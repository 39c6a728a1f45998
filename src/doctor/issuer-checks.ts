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
  const configured = names.length > 0 ? `we trust ${names.map(quote).join(', ')}` : 'we trust none but ourselves'
  return {
    broken: `its issuer (iss) is ${quote(claims.iss)}, and ${configured}`,
    change: near
      ? 'They must be the same to the letter, scheme, host, port and slash: correct BETTER_AUTH_URL or TRUSTED_ISSUERS, or the baseURL on the other side.'
      : 'If you trust that server, set BETTER_AUTH_URL to its URL (Better Auth), or add it to TRUSTED_ISSUERS.'
  }
}

function wrongAlgorithm(evidence: Evidence): Explanation {
  const { header, claims } = evidence.jws
  const issuer = issuerOf(evidence)
  if (issuer)
    return {
      broken: `its algorithm is ${quote(header.alg)}; from ${quote(issuer.issuer)}, with this key, another one is expected`,
      change: `Allowed are ${issuer.algorithms.join(', ')}, each with keys of its kind: set the algorithm there (keyPairConfig of jwt()) or the algorithms in TRUSTED_ISSUERS.`
    }
  if (isAsymmetric(header.alg) && claims.iss !== evidence.config.issuer) return unknownIssuer(evidence)
  return {
    broken: `its algorithm is ${quote(header.alg)}: what is signed with the secret must be HS256`,
    change:
      "Sign it with HS256: setProtectedHeader({ alg: 'HS256' }) in jose. The service says which algorithm, never the token."
  }
}

function wrongAudience(evidence: Evidence): Explanation {
  const { claims } = evidence.jws
  const { audience, betterAuth } = evidence.config
  const issuer = issuerOf(evidence)
  if ([claims.aud].flat().includes('better-auth:session-cache'))
    return { broken: "it is Better Auth's cookie cache, not a login", change: 'Send what GET /api/auth/token answers.' }
  const expected = issuer ? [issuer.audience] : [audience, ...(betterAuth ? [betterAuth.audience] : [])]
  const broken = `its audience (aud) is ${quote(claims.aud)}, and ${expected.map(quote).join(' or ')} is expected, to the letter`
  if (Array.isArray(claims.aud))
    return issuer
      ? { broken, change: 'Add our audience to the list, or correct the audience in TRUSTED_ISSUERS.' }
      : { broken, change: 'Make it one text, not a list.' }
  if (expected.some((name) => looksLike(claims.aud, name)))
    return { broken, change: 'A slash at the end or the scheme makes the difference: write it alike on both sides.' }
  const setting = issuer ? 'the audience in TRUSTED_ISSUERS' : 'JWT_AUDIENCE'
  return {
    broken,
    change: `The token was made for another service. If it is meant for this one, correct ${setting} or what makes it.`
  }
}

/** Explanations about issuer, audience and algorithm. */
export const aboutIssuers: Explainers = {
  algorithm: wrongAlgorithm,
  'unknown issuer': unknownIssuer,
  audience: wrongAudience
}
