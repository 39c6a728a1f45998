export type Severity = 'high' | 'medium' | 'low'

export interface Reference {
  name: string
  url: string
}

export interface Check {
  title: string
  severity: Severity
  /** What an attacker gains, or which rule is broken. */
  reason: string
  references: Reference[]
}

/** The areas in the order in which they run. */
export const areas = {
  tokens: 'Hostile tokens',
  credentials: 'Where a token may be',
  protected: 'Routes that need a token',
  isolation: 'Isolation of two accounts',
  errors: 'Hostile input',
  headers: 'Response headers',
  cookies: 'Cookies',
  cors: 'Cross-origin requests',
  transport: 'TLS',
  keys: 'Keys and metadata',
  passwords: 'Sign-up and sign-in',
  recovery: 'Reset links',
  sessions: 'Sessions',
  limits: 'Limits'
} as const
export type Area = keyof typeof areas

const asvsFiles: Record<string, string> = {
  2: '0x11-V2-Validation-and-Business-Logic',
  3: '0x12-V3-Web-Frontend-Security',
  4: '0x13-V4-API-and-Web-Service',
  6: '0x15-V6-Authentication',
  7: '0x16-V7-Session-Management',
  8: '0x17-V8-Authorization',
  9: '0x18-V9-Self-contained-Tokens',
  10: '0x19-V10-OAuth-and-OIDC',
  12: '0x21-V12-Secure-Communication',
  13: '0x22-V13-Configuration',
  14: '0x23-V14-Data-Protection',
  15: '0x24-V15-Secure-Coding-and-Architecture',
  16: '0x25-V16-Security-Logging-and-Error-Handling'
}
const asvs = (number: string): Reference => ({
  name: `OWASP ASVS 5.0, ${number}`,
  url: `https://github.com/OWASP/ASVS/blob/v5.0.0/5.0/en/${asvsFiles[number.split('.')[0] ?? '']}.md`
})
const rfc = (number: number, section: string): Reference => ({
  name: `RFC ${number}, section ${section}`,
  url: `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`
})

const check = (severity: Severity, title: string, reason: string, ...references: Reference[]): Check => ({
  title,
  severity,
  reason,
  references
})

/** Every check by its id, which begins with its area. */
export const catalogue = {
  'tokens.refused': check(
    'high',
    'A token that was changed or signed by somebody else opens no route',
    'Whoever can make a token that is accepted can be any user.',
    rfc(8725, '3.1'),
    rfc(7515, '5.2'),
    asvs('9.1.1'),
    asvs('9.1.2'),
    asvs('9.1.3')
  ),
  'tokens.spelling': check(
    'low',
    'A token has one spelling',
    'If one token can be spelled in several ways, a list of ended tokens or a log does not recognize it.',
    rfc(7515, '2'),
    rfc(4648, '3.5'),
    asvs('9.1.1')
  ),
  'tokens.answer': check(
    'medium',
    'A wrong token gets 401',
    'A server error or another answer shows that the token was not refused where it is checked. Errors fill the log and may end the process.',
    rfc(6750, '3.1'),
    asvs('16.5.3')
  ),
  'tokens.challenge': check(
    'low',
    'A 401 says how to authenticate',
    'A 401 must have the header WWW-Authenticate. Clients and proxies use it to tell an expired token from a missing one.',
    rfc(9110, '15.5.2'),
    rfc(6750, '3')
  ),
  'tokens.weakSecret': check(
    'high',
    'The signing secret is not a published one',
    'A secret that stands in a tutorial or a default lets anybody sign a token for any user.',
    rfc(8725, '3.5'),
    asvs('9.1.1')
  ),
  'tokens.lifetime': check(
    'low',
    'A token expires',
    'A token that was stolen or that a log has kept works until it expires.',
    rfc(8725, '3.10'),
    asvs('9.2.1')
  ),
  'tokens.contents': check(
    'medium',
    'A token contains no secret',
    'The payload of a token is not encrypted: everybody who sees the token can read it.',
    rfc(7519, '12'),
    asvs('14.2.6')
  ),
  'credentials.twoHeaders': check(
    'low',
    'A request with two Authorization headers is refused',
    'A proxy may check the one and the service the other.',
    rfc(9110, '5.3'),
    asvs('15.3.7')
  ),
  'credentials.scheme': check(
    'low',
    'The name of the scheme is read in any case',
    'The name of an authentication scheme is case-insensitive: clients that write "bearer" are right.',
    rfc(9110, '11.1')
  ),
  'credentials.forms': check(
    'medium',
    'A token is accepted in the Authorization header in its one form only',
    'A token with text around it, under another scheme or in another header passes by what proxies and logs look for.',
    rfc(6750, '2.1'),
    asvs('15.3.7')
  ),
  'credentials.query': check(
    'medium',
    'A token in the URL is not accepted',
    'URLs are in logs, in the history of browsers and in Referer headers.',
    rfc(9700, '4.3.2'),
    asvs('14.2.1')
  ),
  'protected.open': check(
    'high',
    'Each operation that needs a token refuses a request without one',
    'Anybody can call the operation.',
    asvs('8.2.1'),
    asvs('7.2.1')
  ),
  'protected.first': check(
    'low',
    'The token is checked before anything else',
    'An answer other than 401 tells a stranger what exists or which input is valid, and work was done for it.',
    rfc(9110, '15.5.2'),
    asvs('8.2.1')
  ),
  'protected.paths': check(
    'high',
    'Another spelling of the path does not pass by the check',
    'Rules that look at the text of a URL are not those of the router behind them.',
    asvs('8.2.1'),
    asvs('4.1.3')
  ),
  'isolation.read': check(
    'high',
    "Another account's resource cannot be read",
    'Broken object level authorization: every user can read the data of all users.',
    asvs('8.2.2'),
    asvs('8.4.1')
  ),
  'isolation.write': check(
    'high',
    "Another account's resource cannot be changed or deleted",
    'Broken object level authorization: every user can change the data of all users.',
    asvs('8.2.2'),
    asvs('8.4.1')
  ),
  'isolation.list': check(
    'high',
    'A list has no resource of another account',
    'A list or a search shows the data of other users.',
    asvs('8.2.2'),
    asvs('8.4.1')
  ),
  'isolation.exists': check(
    'medium',
    "Another account's resource gets the same answer as one that does not exist",
    'A different answer tells which ids exist, and so how many and whose.',
    rfc(9110, '15.5.4'),
    asvs('8.2.2')
  ),
  'isolation.admin': check(
    'high',
    'A new account has no rights of an administrator',
    'Every user can call the functions of administrators.',
    asvs('8.2.1')
  ),
  'isolation.assignment': check(
    'high',
    'A client cannot give itself a role or another owner',
    'Mass assignment: fields that the client must not set are taken from the body.',
    asvs('15.3.3')
  ),
  'errors.server': check(
    'medium',
    'Hostile input gets an answer below 500',
    'Input that reaches an exception is not validated. Somebody can fill the log, wake the people on call, or end the process.',
    rfc(9110, '15.5.1'),
    asvs('2.2.1'),
    asvs('16.5.3')
  ),
  'errors.accepted': check(
    'low',
    'A body that is not JSON of the right types is refused',
    'Input that is converted or ignored means something else to the service than to its client.',
    rfc(9110, '15.5.16'),
    asvs('15.3.5')
  ),
  'errors.leaks': check(
    'medium',
    'An error shows nothing of the inside',
    'Stack traces, SQL and paths tell an attacker which software runs and where to go on.',
    asvs('16.5.1'),
    asvs('13.4.2')
  ),
  'errors.problem': check(
    'low',
    'Errors have one format',
    'Clients that must understand several formats misread some.',
    rfc(9457, '3'),
    asvs('4.1.1')
  ),
  'headers.nosniff': check(
    'low',
    'X-Content-Type-Options: nosniff',
    'A browser may take an answer for a script or a page.',
    asvs('3.4.4')
  ),
  'headers.csp': check(
    'low',
    'Pages have a Content-Security-Policy',
    'The policy limits what an injected script can do.',
    asvs('3.4.3')
  ),
  'headers.framing': check(
    'low',
    'Pages cannot be framed by other sites',
    'A page in an invisible frame gets clicks that were meant for another.',
    asvs('3.4.6')
  ),
  'headers.referrer': check(
    'low',
    'Pages have a Referrer-Policy',
    'Links to other sites otherwise tell them the URL of the page.',
    asvs('3.4.5')
  ),
  'headers.cache': check(
    'medium',
    'Personal answers are not stored by caches',
    'Without Cache-Control: no-store, a browser or a proxy may keep tokens and personal data and show them to others.',
    rfc(9111, '5.2.2.5'),
    asvs('14.3.2')
  ),
  'headers.type': check(
    'low',
    'Content-Type says what the answer is',
    'Wrong types are what content sniffing lives on.',
    asvs('4.1.1')
  ),
  'headers.version': check(
    'low',
    'No header names the software with its version',
    'Versions tell which known vulnerabilities to try.',
    asvs('13.4.6')
  ),
  'headers.trace': check(
    'low',
    'TRACE is not supported',
    'TRACE repeats a request with its credentials.',
    asvs('13.4.4')
  ),
  'headers.forwarded': check(
    'medium',
    'Forwarded host names from clients are ignored',
    'Links and redirects that are made of them lead users, or a cache, to the host of an attacker.',
    asvs('4.1.3')
  ),
  'cookies.httpOnly': check(
    'medium',
    'Session cookies are HttpOnly',
    'A script that was injected can otherwise read and send them away.',
    rfc(6265, '4.1.2.6'),
    asvs('3.3.4')
  ),
  'cookies.secure': check(
    'medium',
    'Cookies are Secure',
    'Without it, one request over http gives the cookie to everybody on the way.',
    rfc(6265, '4.1.2.5'),
    asvs('3.3.1')
  ),
  'cookies.sameSite': check(
    'medium',
    'Session cookies have SameSite Lax or Strict',
    'With SameSite=None, or none at all, other sites can send requests with the cookie.',
    asvs('3.3.2')
  ),
  'cookies.prefix': check(
    'low',
    'Cookies over https have the prefix __Host- or __Secure-',
    'Without the prefix another host of the domain, or a request over http, can replace the cookie.',
    asvs('3.3.1'),
    asvs('3.3.3')
  ),
  'cookies.domain': check(
    'low',
    'Cookies are for one host',
    'With Domain, every other host of the domain gets the cookie.',
    rfc(6265, '4.1.2.3'),
    asvs('3.3.3')
  ),
  'cookies.csrf': check(
    'high',
    'A request from another site with the cookie is refused',
    'Another site can act as the user who visits it.',
    asvs('3.5.1')
  ),
  'cors.reflection': check(
    'high',
    'A foreign origin may not read answers with credentials',
    'Another site can read the data of the user who visits it.',
    asvs('3.4.2')
  ),
  'cors.any': check(
    'low',
    'Origins are on a list',
    'Every site may call the API from the browsers of its visitors.',
    asvs('3.4.2')
  ),
  'transport.plain': check(
    'high',
    'The service is reached over https',
    'Over http everybody on the way reads passwords and tokens.',
    asvs('12.2.1')
  ),
  'transport.redirect': check(
    'medium',
    'Over http nothing is served',
    'Pages are redirected to https; API calls are refused, or a client never notices that it sends its token in the clear.',
    asvs('12.2.1'),
    asvs('4.1.2')
  ),
  'transport.hsts': check(
    'medium',
    'Strict-Transport-Security for at least a year',
    'Without it the first request of a browser may be over http.',
    rfc(6797, '6.1'),
    asvs('3.4.1')
  ),
  'transport.oldTls': check(
    'medium',
    'TLS 1.0 and 1.1 are off',
    'These versions have known weaknesses.',
    rfc(8996, '2'),
    asvs('12.1.1')
  ),
  'keys.set': check(
    'high',
    'The published keys are public keys in a well-formed set',
    'A private or symmetric key in the set lets everybody sign. Keys without a kid cannot be told apart.',
    rfc(7517, '5'),
    asvs('9.1.3')
  ),
  'keys.metadata': check(
    'medium',
    "The issuer's metadata names its own host, and algorithms with keys",
    'Other services configure themselves with it.',
    rfc(8414, '3.3'),
    asvs('9.1.2')
  ),
  'passwords.common': check(
    'medium',
    'A common password is refused',
    'The first passwords that an attacker tries are those of published lists.',
    asvs('6.2.4')
  ),
  'passwords.long': check(
    'low',
    'A password of 64 characters is permitted',
    'A password manager or a passphrase makes such passwords.',
    asvs('6.2.9')
  ),
  'passwords.answer': check(
    'medium',
    'A wrong password gets the same answer as an unknown account',
    'A different answer tells which addresses have an account.',
    asvs('6.3.8')
  ),
  'recovery.known': check(
    'medium',
    'A reset gets the same answer for a known and an unknown address',
    'A different answer tells which addresses have an account.',
    asvs('6.3.8'),
    asvs('6.4.3')
  ),
  'recovery.host': check(
    'high',
    'A reset link does not lead to a host that the client names',
    'An attacker who asks for the reset of a victim gets the token when the victim opens the link.',
    asvs('6.4.3'),
    asvs('4.1.3')
  ),
  'sessions.signOut': check(
    'medium',
    'After signing out, the token and the cookie are refused',
    'Who has stolen a token can use it although its owner has signed out.',
    asvs('7.4.1')
  ),
  'sessions.refresh': check(
    'medium',
    'After signing out, the refresh token is refused',
    'Who has stolen it gets new tokens although its owner has signed out.',
    rfc(9700, '4.14.2'),
    asvs('7.4.1')
  ),
  'sessions.rotation': check(
    'low',
    'Refreshing gives a new refresh token',
    'A refresh token that stays the same works for whoever has copied it, and nobody notices.',
    rfc(9700, '4.14.2'),
    asvs('10.4.5')
  ),
  'sessions.reuse': check(
    'medium',
    'A refresh token that was replaced is refused',
    'Who has stolen it gets new tokens although its owner has refreshed since.',
    rfc(9700, '4.14.2'),
    asvs('10.4.5')
  ),
  'sessions.theft': check(
    'medium',
    'A refresh token that is used again ends the session',
    'Two who use one token are the owner and a thief, and nobody can tell which is which: the newest token may be with the thief.',
    rfc(9700, '4.14.2'),
    asvs('10.4.5')
  ),
  'sessions.new': check(
    'medium',
    'Each sign-in makes a new session token',
    'With session fixation, an attacker knows the token of the session before its owner signs in.',
    asvs('7.2.4')
  ),
  'sessions.deleted': check(
    'medium',
    'After the account is deleted, its tokens are refused',
    'Tokens of an account that no longer exists still open its data.',
    asvs('7.4.2')
  ),
  'limits.guessing': check(
    'medium',
    'Guessing a password is limited',
    'Without a limit, passwords are guessed and leaked ones are tried in any number.',
    rfc(6585, '4'),
    asvs('6.3.1'),
    asvs('2.4.1')
  ),
  'limits.retryAfter': check(
    'low',
    'A 429 says when to try again',
    'Clients that do not know it try again at once.',
    rfc(6585, '4')
  ),
  'limits.body': check(
    'medium',
    'A body of 8 MiB is refused with 413',
    'Whoever sends many large bodies uses up the memory.',
    rfc(9110, '15.5.14'),
    asvs('15.2.2')
  )
} satisfies Record<`${Area}.${string}`, Check>

export type CheckId = keyof typeof catalogue
export const areaOf = (id: CheckId) => id.split('.')[0] as Area
