import type { Explanation } from './findings.ts'

const fetchToken =
  'Ask for a JWT with that session: GET /api/auth/token answers {"token": "..."} where the plugin jwt() is installed; ' +
  'send that as Authorization: Bearer.'

/** What people paste instead of a JWT, the most likely first. */
const shapes: [RegExp, Explanation][] = [
  [/^$/, { broken: 'it is empty', change: 'The variable that it comes from may not be set.' }],
  [
    /^[A-Za-z0-9]{32}$/,
    {
      broken: "it is not a JWT but an opaque session token, such as Better Auth's sign-in answers in `token`",
      change: fetchToken
    }
  ],
  [
    /^[A-Za-z0-9]{32}\.[A-Za-z0-9+/_-]{43}(=|%3D)?$/,
    {
      broken:
        "it is not a JWT but a signed session token: Better Auth's cookie, or the set-auth-token of its plugin bearer()",
      change: fetchToken
    }
  ],
  [
    /^["'].*["']$/s,
    { broken: 'it is in quotation marks', change: 'Send the text between them, for example after JSON.parse(...).' }
  ],
  [
    /^\s*[{[]/,
    {
      broken: 'it is a JSON document, not a token',
      change: 'Send the text of its member token or access_token.'
    }
  ],
  [
    /^[^.]*\.[^.]*\.[^.]*\.[^.]*\.[^.]*$/,
    {
      broken:
        'it is encrypted (a JWE of five segments), as the sessions of Auth.js and some cookies of Better Auth are',
      change: `Only its issuer can read it. ${fetchToken}`
    }
  ],
  [/\s/, { broken: 'it contains white space', change: 'Copy all of it, as one line.' }],
  [
    /^[^.]*(\.[^.]*)?$/,
    {
      broken: 'it is not a JWT, which has three segments with dots between them',
      change: `If it is truncated, copy all of it. If it is a session token: ${fetchToken}`
    }
  ]
]

/** Explains what a text is that is not a JWT. */
export function explainShape(token: string, reason: string): Explanation {
  const [, explanation] = shapes.find(([shape]) => shape.test(token)) ?? []
  return (
    explanation ?? {
      broken: `it cannot be read as a JWT: ${reason}`,
      change: 'It was changed, or not made by a JWT library. Copy all of it.'
    }
  )
}
