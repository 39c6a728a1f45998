import { isIP } from 'node:net'

interface Given {
  APP_URL: string | undefined
  APP_NAME: string
  PORT: number
}

/** The relying party of WebAuthn: for whom passkeys are made, and whose pages may use them. */
export interface PasskeySettings {
  /** The host of APP_URL. Passkeys belong to it forever. */
  rpId: string
  rpName: string
  origins: string[]
}

/** Undefined where APP_URL is missing in production, or has an IP address, for which browsers make no passkeys. */
export function passkeySettings(env: Given, production: boolean): PasskeySettings | undefined {
  const appUrl = env.APP_URL ?? (production ? undefined : `http://localhost:${env.PORT}`)
  if (appUrl === undefined) return undefined
  const { hostname: rpId, origin } = new URL(appUrl)
  return isIP(rpId.replace(/^\[(.*)\]$/, '$1')) ? undefined : { rpId, rpName: env.APP_NAME, origins: [origin] }
}
