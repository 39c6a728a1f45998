import { isIPv4 } from 'node:net'

/** Names are not looked up: an attacker's name may resolve to anything. `localhost` never leaves the machine (RFC 6761, section 6.3). */
export const isThisMachine = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
