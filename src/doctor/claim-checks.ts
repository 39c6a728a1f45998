import { commandText } from '../process/program.ts'
import { type Evidence, type Explainers, type Explanation, quote, span } from './findings.ts'

const clocks = 'One of the two clocks is wrong: set both by NTP. A difference of one minute is accepted.'
const inTenYears = 10 * 365 * 86_400
const mistaken = (value: unknown) => typeof value === 'number' && value > 0 && value < inTenYears
const lifetime = "It must be a time: in jose setExpirationTime('1h'), otherwise Math.floor(Date.now() / 1000) + 3600."
const userClaims = 'Put the id of the user into sub, and the email beside it: { sub: user.id, email: user.email }.'

/** Explains a claim that must be a time. */
const noTime =
  (name: string) =>
  ({ jws: { claims } }: Evidence): Explanation => {
    const value = claims[name]
    if (value === undefined)
      return {
        broken: `it has no ${name}`,
        change: 'It must have the time of issue and of expiry: in jose setIssuedAt() and setExpirationTime().'
      }
    return typeof value === 'number' && value > 1e11
      ? {
          broken: `its ${name} is ${quote(value)}: that is in milliseconds`,
          change: 'Times in a JWT are in seconds: Math.floor(Date.now() / 1000).'
        }
      : { broken: `its ${name} is ${quote(value)}: not a time`, change: 'It must be a number: seconds since 1970.' }
  }

const cookieCache: Explanation = {
  broken: "it is Better Auth's cookie cache, not a login",
  change: 'Send the token that GET /api/auth/token returns, or a token that you mint for this purpose.'
}

function notALogin({ jws: { claims } }: Evidence): Explanation {
  if (typeof claims.session === 'object') return cookieCache
  if ('session' in claims)
    return {
      broken: 'it has a claim session, like a cookie cache of Better Auth, which is signed with the same secret',
      change: 'Omit that claim in a token that you mint.'
    }
  return {
    broken: 'it is from a link in a mail (to verify or change an address), not a login',
    change: 'Such a link does not log anybody in. Send the token that GET /api/auth/token returns.'
  }
}

function noSubject({ jws: { header, claims } }: Evidence): Explanation {
  if (Object.keys(claims).sort().join() === 'email,exp,iat')
    return {
      broken: 'it contains only an email, like a link in a verification mail, which is not a login',
      change: `If it is a token of your own: ${userClaims}`
    }
  const kind = header.alg === 'HS256' ? 'text, not a number' : 'text, or a whole number'
  return { broken: `it does not name its user: there is no sub (${kind})`, change: userClaims }
}

function wrongType({ jws: { header, claims }, config }: Evidence): Explanation {
  if (header.typ === 'better-auth.session-cache+jwt') return cookieCache
  return claims.iss === config.issuer
    ? {
        broken: `its issuer (iss) is ${quote(config.issuer)}, which is this service, but this service did not issue it (typ)`,
        change: 'Omit iss in a token that you mint, or set it to BETTER_AUTH_URL.'
      }
    : {
        broken: `its type (typ) is ${quote(header.typ)}`,
        change:
          header.alg === 'HS256'
            ? 'Omit typ, or set it to JWT. Other types have another purpose, and at+jwt is for tokens of this service.'
            : 'Omit typ, or set it to JWT or at+jwt. Other types have another purpose.'
      }
}

function endsBefore({ jws: { claims } }: Evidence): Explanation {
  return mistaken(claims.exp)
    ? { broken: `its exp is ${quote(claims.exp)}: a lifetime, not a time`, change: lifetime }
    : { broken: 'it expires (exp) before it was issued (iat)', change: lifetime }
}

function expired(evidence: Evidence): Explanation {
  const { iat, exp } = evidence.jws.claims
  const [begin, end] = [Number(iat), Number(exp)]
  if (mistaken(end)) return endsBefore(evidence)
  return {
    broken: `it expired ${span(evidence.now - end)} ago, ${span(end - begin)} after it was issued`,
    change: `Get a new one: a front end does so after each 401 token_expired. If it was issued just now: ${clocks}`
  }
}

const ahead =
  (name: string) =>
  ({ jws: { claims }, now }: Evidence) => ({
    broken: `its ${name} is ${span(Number(claims[name]) - now)} in the future`,
    change: clocks
  })

const livesTooLong = ({ jws: { claims } }: Evidence) => ({
  broken: `its lifetime is ${span(Number(claims.exp) - Number(claims.iat))}; tokens of another issuer may have at most seven days`,
  change: "Make it shorter: jwt({ jwt: { expirationTime: '15m' } }), or setExpirationTime('15m') in jose."
})

const noEmail = ({ jws: { claims } }: Evidence) => ({
  broken: `its email is ${quote(claims.email)}: not a valid address (docs/email-addresses.md)`,
  change: 'Add the email of the user: definePayload of jwt() must return it, and a token of your own must contain it.'
})

const twoOf = (what: string) => () => ({
  broken: `it names two different ${what}`,
  change: 'Name one user, once: { sub: user.id, email: user.email }.'
})

/** Explanations about the claims of user and time. */
export const aboutClaims: Explainers = {
  'no time in iat': noTime('iat'),
  'no time in exp': noTime('exp'),
  'no time in nbf': noTime('nbf'),
  type: wrongType,
  'not a login': notALogin,
  'no sub': noSubject,
  'no user_id': noSubject,
  'no id': noSubject,
  subject: ({ jws: { claims } }) => ({
    broken: `its subject is ${quote(claims.sub ?? claims.user_id ?? claims.user)}: it contains unprintable characters or blanks`,
    change: userClaims
  }),
  'two subjects': twoOf('subjects (sub, user_id, user.id)'),
  'two emails': twoOf('emails (email, user.email)'),
  'no email': noEmail,
  'no address in email': noEmail,
  'ends before it begins': endsBefore,
  expired,
  'issued in the future': ahead('iat'),
  'not valid yet': ahead('nbf'),
  'lives longer than seven days': livesTooLong,
  revoked: () => ({
    broken: 'it was revoked, by a logout, a new password, or the deletion of the account',
    change: 'Log in again.'
  }),
  deactivated: () => ({
    broken: 'the account of its user is deactivated here',
    change: `To enable it: ${commandText('users', 'enable')}`
  })
}
