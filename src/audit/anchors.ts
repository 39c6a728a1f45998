import type { Link } from '../repositories/audit-events.ts'

/** The head of a chain as text, to keep outside of the database: `1234:9f86d0...`. */
export const anchorOf = ({ position, hash }: Link): string => `${position}:${hash.toString('hex')}`

/** Reads what `anchorOf` wrote. Throws an error that says what is expected. */
export function readAnchor(text: string): Link {
  const [, position, hash] = /^(\d{1,15}):([0-9a-f]{64})$/i.exec(text.trim()) ?? []
  if (position === undefined || hash === undefined)
    throw new Error('--head must be a position and a hash, as "verify" prints them: 1234:9f86d0...')
  return { position: Number(position), hash: Buffer.from(hash, 'hex') }
}
