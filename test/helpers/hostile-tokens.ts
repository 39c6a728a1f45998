import * as hostile from '../../packages/gatehouse/src/hostile/tokens.ts'
import { secret } from './app.ts'
import { bridgeClaims, ourClaims, ourHeader, signText } from './mint.ts'

const ours = { header: ourHeader, claims: ourClaims, signText }

/** Tokens of a signer by name, with our claims, each with one thing wrong. */
export const hostileUnder = (signer: Pick<hostile.Signer, 'header' | 'signText'>) =>
  hostile.hostileUnder({ ...ours, ...signer })

/** Hostile tokens by name, each with one thing wrong. */
export const hostileTokens: Readonly<hostile.Tokens> = {
  ...hostileUnder(ours),
  ...hostile.hostileBridges(bridgeClaims, secret),
  ...hostile.foreignKeys(ours),
  ...hostile.nearSecrets(ours, secret)
}
