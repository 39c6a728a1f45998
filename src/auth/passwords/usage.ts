import { LRUCache } from 'lru-cache'
import { bounded } from '../../util/bounded.ts'

const halfLife = 60_000
const maxNetworks = 30_000
const weights = [1, 1 / 8, 1 / 64] as const

/** Returns an address and its networks: for IPv4 the /24 and /16, for IPv6 (the address is a /64) the /48 and /32. */
export function networksOf(address: string): [string, string, string] {
  const separator = address.includes(':') ? ':' : '.'
  // The last four groups of a /64 are zero, so `::` occurs only at its end.
  const [head = ''] = address.split('::')
  const groups = [...head.split(separator), '0', '0']
  return [address, groups.slice(0, 3).join(separator), groups.slice(0, 2).join(separator)]
}

/** Tracks recent use, also of the networks around an address, so that an attacker with a network gets no larger share. */
export function createUsage(clock: () => number) {
  const used = new LRUCache<string, { milliseconds: number; at: number }>(bounded(maxNetworks))

  function recentUse(network: string): number {
    const entry = used.get(network)
    return entry ? entry.milliseconds * 0.5 ** ((clock() - entry.at) / halfLife) : 0
  }

  return {
    of: (address: string): number =>
      networksOf(address).reduce((sum, network, i) => sum + recentUse(network) * Number(weights[i]), 0),

    add(address: string, milliseconds: number): void {
      for (const network of networksOf(address))
        used.set(network, { milliseconds: Math.max(0, recentUse(network) + milliseconds), at: clock() })
    }
  }
}
