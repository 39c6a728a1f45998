import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../config/secrets.ts'
import { problems } from './problems.ts'

const macLength = 16

/** Opaque cursors for keyset pagination, signed over position, query and user: those of another query or user are refused. */
export function createCursors(secrets: readonly Secret[]) {
  const keys = secrets.map(({ secret }) => Buffer.from(hkdfSync('sha256', secret, '', 'gatehouse cursors', 32)))
  const mac = (key: Buffer, position: Buffer, query: string) =>
    createHmac('sha256', key).update(JSON.stringify(query)).update(position).digest().subarray(0, macLength)

  return {
    seal(query: string, position: object): string {
      const text = Buffer.from(JSON.stringify(position))
      return Buffer.concat([mac(keys[0] as Buffer, text, query), text]).toString('base64url')
    },

    /** Returns the position of a cursor for this query. Throws `validation_failed`. */
    open<Position>(query: string, cursor: string, pointer = '/cursor'): Position {
      const bytes = Buffer.from(cursor, 'base64url')
      const text = bytes.subarray(macLength)
      const opens = (key: Buffer) =>
        bytes.length > macLength && timingSafeEqual(mac(key, text, query), bytes.subarray(0, macLength))
      if (bytes.toString('base64url') !== cursor || !keys.some(opens))
        throw problems.validationFailed([{ pointer, message: 'is not a cursor of this query' }])
      return JSON.parse(text.toString())
    }
  }
}

export type Cursors = ReturnType<typeof createCursors>
