import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** Random bytes for 256 ids at a time: a call per id would cost more than the rest of the function. */
const pool = Buffer.alloc(4096)
const perId = 16
let used = pool.length

function random(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += perId
  return pool.subarray(used - perId, used)
}

let latest = 0
let sequence = 0

/** Returns a UUIDv7 that sorts after all earlier ones of this process (RFC 9562, sections 5.7 and 6.2, method 2). */
export function newId(): string {
  const rng = random()
  const now = Date.now()
  sequence = now > latest ? rng.readUInt32BE() >>> 1 : sequence + 1
  latest = Math.max(latest, now)
  return v7({ random: rng, msecs: latest, seq: sequence })
}
