import { LRUCache } from 'lru-cache'
import { bounded } from '../../util/bounded.ts'

/** Milliseconds until what an address has used counts half. */
const halfLife = 60_000
/** Networks that are remembered. Each took a run of the queue, so the use of an evicted one has decayed long before. */
const remembered = 30_000
/** How much the use of an address, and of the two networks around it, counts. */
const weights = [1, 1 / 8, 1 / 64] as const

/** An address and the two networks around it: the /24 and /16 of IPv4; of IPv6, where an address is a /64, the /48 and /32. */
export function networksOf(address: string): [string, string, string] {
  const separator = address.includes(':') ? ':' : '.'
  // The last four groups of a /64 are zeros: `::` is at its end and nowhere else.
  const [head = ''] = address.split('::')
  const groups = [...head.split(separator), '0', '0']
  return [address, groups.slice(0, 3).join(separator), groups.slice(0, 2).join(separator)]
}

/**
 * How much time addresses have used lately. The use of the networks around an address counts too, so that an attacker who has
 * a network of addresses has no more shares.
 */
export function createUsage(clock: () => number) {
  const used = new LRUCache<string, { milliseconds: number; at: number }>(bounded(remembered))

  function lately(network: string): number {
    const entry = used.get(network)
    return entry ? entry.milliseconds * 0.5 ** ((clock() - entry.at) / halfLife) : 0
  }

  return {
    of: (address: string): number =>
      networksOf(address).reduce((sum, network, i) => sum + lately(network) * Number(weights[i]), 0),

    add(address: string, milliseconds: number): void {
      for (const network of networksOf(address))
        used.set(network, { milliseconds: Math.max(0, lately(network) + milliseconds), at: clock() })
    }
  }
}
