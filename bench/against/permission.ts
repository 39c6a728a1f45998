import { isIPv4 } from 'node:net'
import { mayTest } from '../../packages/gatehouse/src/gate.ts'

/** Names are not looked up, because they may resolve to anything. `localhost` never leaves the machine (RFC 6761, section 6.3). */
const isThisMachine = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))

/** Why a deployment may not be loaded, or undefined: another host must show the token of its operator, as `gatehouse prove` demands. */
export async function whyNot(url: URL, token: string | undefined): Promise<string | undefined> {
  if (isThisMachine(url)) return undefined
  if (token === undefined)
    return `${url.host} is not this machine: give the token that its operator lets it show (--token, GATEHOUSE_PROVE_TOKEN)`
  return mayTest(url, token)
}
