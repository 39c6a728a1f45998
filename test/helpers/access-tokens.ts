import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts'
import { openSecretKeys } from '../../src/auth/tokens/secret-keys.ts'
import type { Config } from '../../src/config/config.ts'

/** Access tokens of a service with these settings, without starting it. */
export const accessTokens = async (config: Config, clock: () => number = Date.now) =>
  createAccessTokens(config, openSecretKeys(config.secrets), clock)
