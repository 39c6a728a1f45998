/** Size of a signature in bits, a power of two. */
const leastBits = 64
const mostBits = 16_384

/** Maps an n-gram to a bit by Murmur3's finalizer. */
function placeOf(a: number, b: number, c: number): number {
  let hash = Math.imul(Math.imul(a, 0x9e3779b1) ^ b, 0x9e3779b1) ^ c
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) & (mostBits - 1)
}

function setBit(bytes: Uint8Array, place: number): void {
  const index = (place >> 3) & (bytes.length - 1)
  bytes[index] = (bytes[index] as number) | (1 << (place & 7))
}

function countOnes(bytes: Uint8Array): number {
  let count = 0
  for (let i = 0; i < bytes.length; i++) for (let byte = bytes[i] as number; byte > 0; byte &= byte - 1) count++
  return count
}

/** Positions are taken modulo the size, so they stay valid. */
function halve(bytes: Uint8Array): Uint8Array {
  const half = bytes.length / 2
  for (let i = 0; i < half; i++) bytes[i] = (bytes[i] as number) | (bytes[i + half] as number)
  return bytes.subarray(0, half)
}

/** Returns a Bloom filter of all n-grams of one to three UTF-16 units in a folded text: two to four bits per n-gram. */
export function gramsOf(folded: string): Buffer {
  let bytes: Uint8Array = new Uint8Array(
    Math.min(mostBits, 2 ** Math.ceil(Math.log2(Math.max(leastBits, 6 * folded.length)))) / 8
  )
  let before = 0
  let last = 0
  for (let i = 0; i < folded.length; i++) {
    const unit = folded.charCodeAt(i)
    setBit(bytes, placeOf(0, 0, unit))
    if (i > 0) setBit(bytes, placeOf(0, last, unit))
    if (i > 1) setBit(bytes, placeOf(before, last, unit))
    before = last
    last = unit
  }
  const pieces = countOnes(bytes)
  while (bytes.length > leastBits / 8 && pieces * 4 <= bytes.length * 8) bytes = halve(bytes)
  return Buffer.from(bytes)
}

export const testedGrams = 8

/** Returns bits that are set for every text containing `folded`: its longest n-grams, evenly spread. */
export function gramsSought(folded: string): number[] {
  const length = Math.min(3, folded.length)
  const pieces = folded.length - length
  return Array.from({ length: testedGrams }, (_, i) => {
    const end = Math.round((pieces * i) / (testedGrams - 1)) + length - 1
    const unit = (back: number) => (back < length ? folded.charCodeAt(end - back) : 0)
    return placeOf(unit(2), unit(1), unit(0))
  })
}
