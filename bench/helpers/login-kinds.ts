import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto'
import { hash as hashArgon2 } from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'
import pg from 'pg'
import { storedHash } from '../../src/auth/passwords/hashing.ts'
import { type Caller, password, signUp } from './http.ts'

export const wrong = 'wrong-horse-8'

export const hash = (text: string, cost: number) => bcrypt.hash(text, { cost })

/** A hash in Better Auth's format. */
function scrypt(text: string): string {
  const salt = randomBytes(16).toString('hex')
  return `${salt}:${scryptSync(text, salt, 64, { N: 16_384, r: 16, p: 1, maxmem: 2 ** 26 }).toString('hex')}`
}

/** A hash of Django, as an import stores it. */
function pbkdf2(text: string, iterations: number): string {
  const key = pbkdf2Sync(text, 'seasalt', iterations, 32, 'sha256').toString('base64')
  return storedHash(`pbkdf2_sha256$${iterations}$seasalt$${key}`) as string
}

const argon2 = async (text: string, memoryCost: number, timeCost: number) =>
  storedHash(await hashArgon2(text, { memoryCost, timeCost, parallelism: 1 })) as string

/** Creates accounts of every kind, with the password to send. Logins of all kinds must take equally long. */
export async function makeKinds(call: Caller, databaseUrl: string) {
  const db = new pg.Client(databaseUrl)
  await db.connect()
  async function make(name: string, changes: Record<string, unknown>, given = wrong) {
    const { email } = await signUp(call)
    const columns = Object.keys(changes).map((column, i) => `${column} = $${i + 2}`)
    if (columns.length > 0)
      await db.query(`update users set ${columns.join(', ')} where email = $1`, [email, ...Object.values(changes)])
    return { name, email, given }
  }
  const foreign = { issuer: 'https://id.example.com', subject: 'ann', password_hash: null }
  const kinds = [
    await make('bcrypt of cost 10, as set', {}),
    await make('bcrypt of cost 8', { password_hash: await hash(password, 8) }),
    await make('bcrypt of cost 11', { password_hash: await hash(password, 11) }),
    await make('imported scrypt', { password_hash: scrypt(password) }),
    await make('imported PBKDF2', { password_hash: pbkdf2(password, 200_000) }),
    await make('imported PBKDF2 with fewer iterations', { password_hash: pbkdf2(password, 10_000) }),
    await make('imported argon2', { password_hash: await argon2(password, 19_456, 2) }),
    await make('imported argon2 with less memory', { password_hash: await argon2(password, 4_096, 3) }),
    await make('deactivated', { is_active: false }),
    await make('deactivated, right password', { is_active: false }, password),
    await make('user of another issuer, without a password', foreign)
  ]
  await db.end()
  return kinds
}
