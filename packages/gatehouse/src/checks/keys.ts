import { at } from '../profiles.ts'
import { type Run, shown } from '../run.ts'

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** What is published for those who verify tokens (RFC 7517, RFC 8414). */
export async function keys({ ask, client, profile, ledger }: Run): Promise<void> {
  const path = profile.jwks
  if (path) {
    const answer = await ask({ path })
    if (answer.status === 404) ledger.note('keys.set', `${path} answers 404: no keys are published`)
    else {
      const found = at(answer.json, 'keys')
      ledger.expect('keys.set', answer.status === 200 && Array.isArray(found), () =>
        shown({ path }, answer, 'is not {"keys": [...]}')
      )
      const list = Array.isArray(found) ? found : []
      for (const key of list) {
        const isPublic =
          isObject(key) &&
          typeof key.kty === 'string' &&
          !['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].some((name) => name in key)
        ledger.expect('keys.set', isPublic && key.kty !== 'oct', () =>
          shown({ path }, answer, 'has a private or symmetric key')
        )
      }
      const ids = list.map((key) => (isObject(key) ? key.kid : undefined))
      ledger.expect('keys.set', list.length < 2 || (new Set(ids).size === ids.length && !ids.includes(undefined)), () =>
        shown({ path }, answer, 'has keys without a kid of their own')
      )
    }
  }
  const metadata = profile.metadata
  if (!metadata) return
  const answer = await ask({ path: metadata })
  if (answer.status === 404) return ledger.note('keys.metadata', `${metadata} answers 404`)
  const { json } = answer
  const expect = (holds: boolean, what: string) =>
    ledger.expect('keys.metadata', holds, () => shown({ path: metadata }, answer, what))
  expect(isObject(json) && typeof json.issuer === 'string', 'has no issuer')
  for (const name of ['jwks_uri', 'token_endpoint', 'authorization_endpoint']) {
    const url = at(json, name)
    if (url === undefined) continue
    const isOwn = typeof url === 'string' && URL.canParse(url) && new URL(url).hostname === client.base.hostname
    expect(isOwn, `${name} is ${JSON.stringify(url)}, which is not of this host`)
  }
  const signing = Object.entries(Object(json))
    .filter(([name]) => /signing_alg/.test(name))
    .flatMap(([, list]) => list)
  expect(!signing.includes('none'), 'allows the algorithm none')
}
