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
    { broken: 'it stands in quotation marks', change: 'Send the text between them: JSON.parse(...) it first.' }
  ],
  [
    /^\s*[{[]/,
    {
      broken: 'it is a JSON document, not a token',
      change: 'Send the text that stands in it as token or access_token.'
    }
  ],
  [
    /^[^.]*\.[^.]*\.[^.]*\.[^.]*\.[^.]*$/,
    {
      broken: 'it is encrypted (a JWE of five segments), as Auth.js makes its sessions and Better Auth some cookies',
      change: `Nobody but its maker can read it. ${fetchToken}`
    }
  ],
  [/\s/, { broken: 'there is white space in it', change: 'Copy it whole, as one line.' }],
  [
    /^[^.]*(\.[^.]*)?$/,
    {
      broken: 'it is not a JWT: that has three segments with dots between them',
      change: `If it is cut off, copy it whole. If it is a session token: ${fetchToken}`
    }
  ]
]

/** Explains what a text is that is not a JWT. */
export function explainShape(token: string, reason: string): Explanation {
  const [, explanation] = shapes.find(([shape]) => shape.test(token)) ?? []
  return (
    explanation ?? {
      broken: `it cannot be read as a JWT: ${reason}`,
      change: 'It was changed on its way, or made by something else than a JWT library. Copy it whole.'
    }
  )
}
