import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { loadConfig } from '../../src/config/config.ts'
import { examineToken } from '../../src/doctor/examine.ts'
import { format } from '../../src/doctor/findings.ts'
import type { Product } from '../../src/product/product.ts'
import { tasks } from '../../src/product/tasks.ts'
import { secret } from './app.ts'
import { bridgeClaims, segment } from './mint.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
export const jwk = { ...publicKey.export({ format: 'jwk' }), alg: 'EdDSA', kid: 'first' }

/** A server that publishes the given body at Better Auth's JWKS URL. */
export async function publish(t: Test, body: unknown) {
  const http = createServer((_request, reply) => reply.end(JSON.stringify(body)))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    http.closeAllConnections()
    http.close()
  })
  return `http://localhost:${(http.address() as AddressInfo).port}`
}

/** A token of the issuer at a URL. */
export function keyToken(iss: string, claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) {
  const payload = bridgeClaims({ iss, aud: iss, ...claims })
  const text = `${segment({ alg: 'EdDSA', kid: 'first', ...header })}.${segment(payload)}`
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
}

/** The doctor's output for a token under these settings, and its verdict. */
export async function diagnose(
  t: Test,
  token: string,
  settings: Record<string, string> = {},
  product: Product = tasks
) {
  const config = loadConfig({ BETTER_AUTH_SECRET: secret, BCRYPT_COST: '10', DATA_DIR: t.testdir(), ...settings })
  const findings = await examineToken(token, config, product, Date.now)
  const said = findings.map(format).join('')
  for (const part of [...token.split('.'), ...config.secrets.map(({ secret }) => secret)])
    if (part.length > 20) t.notOk(said.includes(part), 'neither the token nor the secret is shown')
  return { said, refused: findings.some(({ ok }) => ok === false) }
}
