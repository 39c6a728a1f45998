/** Slots of an empty table, how full it may get before it grows, and by how much. */
const smallest = 64
const fullness = 0.75
const growth = 1.25

/** As a cutoff: whenever the token was issued. */
export const ALWAYS = 2 ** 32 - 1

/**
 * A hash table in one typed array, with linear probing: a 64-bit key as two words and, where `stride` is 3, a cutoff.
 * The keys are random already: their low word says where to look. A slot whose words are 0 is free.
 */
class SlotTable {
  readonly stride: 2 | 3
  size = 0
  private slots: Uint32Array

  constructor(stride: 2 | 3) {
    this.stride = stride
    this.slots = new Uint32Array(stride * smallest)
  }

  /** Where the key is, or would be. */
  private find(slots: Uint32Array, high: number, low: number): number {
    const { stride } = this
    const end = slots.length
    let at = Math.floor((low / 2 ** 32) * (end / stride)) * stride
    while ((slots[at] !== high || slots[at + 1] !== low) && (slots[at] !== 0 || slots[at + 1] !== 0)) {
      at += stride
      if (at === end) at = 0
    }
    return at
  }

  /** The key's cutoff, 0 where it is not in the table. */
  get(high: number, low: number): number {
    const at = this.find(this.slots, high, low)
    if (this.slots[at] === 0 && this.slots[at + 1] === 0) return 0
    return this.stride === 3 ? Number(this.slots[at + 2]) : ALWAYS
  }

  set(high: number, low: number, cutoff: number): void {
    if ((this.size + 1) * this.stride > this.slots.length * fullness) this.grow()
    const before = this.get(high, low)
    if (before === 0) this.size += 1
    const at = this.find(this.slots, high, low)
    this.slots[at] = high
    this.slots[at + 1] = low
    if (this.stride === 3) this.slots[at + 2] = Math.max(before, cutoff)
  }

  /** No slot is looked at through a view of its own: that took fifteen times as long, and nothing else runs meanwhile. */
  private grow(): void {
    const { slots, stride } = this
    const larger = new Uint32Array(stride * Math.ceil((slots.length / stride) * growth))
    for (let i = 0; i < slots.length; i += stride) {
      const high = slots[i] as number
      const low = slots[i + 1] as number
      if (high === 0 && low === 0) continue
      const at = this.find(larger, high, low)
      larger[at] = high
      larger[at + 1] = low
      if (stride === 3) larger[at + 2] = slots[i + 2] as number
    }
    this.slots = larger
  }
}

/**
 * The revocations that still matter, in tables by the time they cease to, so that what has expired is dropped whole. Of
 * a UUID it keeps the last 64 bits, 62 of them random: a token that is not revoked is taken for one with a chance of one
 * in 10^11 among ten million. Times are seconds since 1970; `lifetime` is the longest that a revocation is kept, in
 * seconds.
 */
export function createRevocationTable(lifetime: number) {
  const width = Math.max(60, Math.ceil(lifetime / 3))
  const byExpiry = new Map<string, { expired: number; table: SlotTable }>()
  const high = (key: string) => Number.parseInt(key.slice(19, 23) + key.slice(24, 28), 16)
  const low = (key: string) => Number.parseInt(key.slice(28), 16)

  return {
    /** Refuses tokens of this key that were issued up to `cutoff`, until `expiresAt`. */
    add(key: string, cutoff: number, expiresAt: number): void {
      const stride = cutoff >= ALWAYS ? 2 : 3
      const name = `${Math.floor(expiresAt / width)}/${stride}`
      let entry = byExpiry.get(name)
      if (!entry) {
        entry = { expired: (Math.floor(expiresAt / width) + 1) * width, table: new SlotTable(stride) }
        byExpiry.set(name, entry)
      }
      entry.table.set(high(key), low(key), cutoff)
    },

    /** Tokens of this key issued up to then are refused; 0 where none are. */
    cutoff(key: string): number {
      const [h, l] = [high(key), low(key)]
      let latest = 0
      for (const { table } of byExpiry.values()) latest = Math.max(latest, table.get(h, l))
      return latest
    },

    /** Lets go of what has expired. */
    forget(now: number): void {
      for (const [name, { expired }] of byExpiry) if (expired <= now) byExpiry.delete(name)
    },

    get size(): number {
      return [...byExpiry.values()].reduce((sum, { table }) => sum + table.size, 0)
    }
  }
}

export type RevocationTable = ReturnType<typeof createRevocationTable>
