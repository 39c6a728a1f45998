import { test } from 'tap'
import { createSealing } from '../../src/auth/sealing.ts'

const secretOf = (kid: string) => ({ kid, secret: `a-long-value-that-only-the-tests-know-${kid}` })
const [old, current] = [secretOf('1'), secretOf('2')]
const bytes = Buffer.from('what nobody may read in the database')

test('sealed bytes open with their context only, and reveal nothing', (t) => {
  const sealing = createSealing([old], 'totp')
  const sealed = sealing.seal(bytes, 'ann')
  t.strictSame(sealing.unseal(sealed, 'ann'), { bytes, isCurrent: true })
  t.strictSame(sealing.unseal(new Uint8Array(sealed), 'ann')?.bytes, bytes, 'as the embedded database gives it')
  t.equal(sealing.unseal(sealed, 'ben'), undefined, 'the row of another user')
  t.notSame(sealing.seal(bytes, 'ann'), sealed, 'a new nonce each time')
  t.notOk(sealed.includes(bytes.subarray(0, 8)))
  t.end()
})

test('after a rotation the older secret still opens, and the current one seals', (t) => {
  const before = createSealing([old], 'totp')
  const rotated = createSealing([current, old], 'totp')
  const sealed = before.seal(bytes, 'ann')
  t.strictSame(rotated.unseal(sealed, 'ann'), { bytes, isCurrent: false })
  const resealed = rotated.seal(bytes, 'ann')
  t.strictSame(rotated.unseal(resealed, 'ann'), { bytes, isCurrent: true })
  t.strictSame(createSealing([current], 'totp').unseal(resealed, 'ann')?.bytes, bytes)
  t.equal(createSealing([current], 'totp').unseal(sealed, 'ann'), undefined, 'the older secret was removed too early')
  t.strictSame(resealed.subarray(0, 4), rotated.currentId)
  t.notSame(sealed.subarray(0, 4), rotated.currentId)
  t.end()
})

test('bytes that are sealed for one purpose do not open for another', (t) => {
  const sealed = createSealing([old], 'totp').seal(bytes, 'ann')
  t.equal(createSealing([old], 'signing keys').unseal(sealed, 'ann'), undefined)
  t.end()
})

test('damaged bytes do not open', (t) => {
  const sealing = createSealing([old], 'totp')
  const sealed = sealing.seal(bytes, 'ann')
  for (let i = 0; i < sealed.length; i++) {
    const damaged = Buffer.from(sealed)
    damaged.writeUInt8(damaged.readUInt8(i) ^ 1, i)
    t.equal(sealing.unseal(damaged, 'ann'), undefined, `byte ${i}`)
  }
  for (const length of [0, 3, 4, 20, 31, 32]) t.equal(sealing.unseal(sealed.subarray(0, length), 'ann'), undefined)
  t.end()
})
