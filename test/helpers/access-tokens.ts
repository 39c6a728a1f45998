import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts'
import type { Jws } from '../../src/auth/tokens/jws.ts'
import { openSecretKeys } from '../../src/auth/tokens/secret-keys.ts'
import type { Config } from '../../src/config/config.ts'
import { problems } from '../../src/http/problems.ts'

/** Access tokens of a service with these settings, without starting it. Throws as plugins/authentication.ts does. */
export function accessTokens(config: Config, clock: () => number = Date.now) {
  const tokens = createAccessTokens(config, openSecretKeys(config.secrets), clock)
  function verify(jws: Jws) {
    const token = tokens.verify(jws)
    if (!token) throw problems.invalidToken('signature')
    return token
  }
  return { ...tokens, verify }
}
