import { createAccessTokens } from '../../src/auth/tokens/access-tokens.ts'
import type { Config } from '../../src/config/config.ts'
import { openSecretKeys } from '../../src/process/secret-keys.ts'

/** The access tokens of a service with these settings, apart from it. */
export const accessTokens = async (config: Config, clock: () => number = Date.now) =>
  createAccessTokens(config, await openSecretKeys(config.secrets), clock)
