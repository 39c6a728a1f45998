import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { parse as parseCsv } from 'csv-parse'
import { parser as parseJson } from 'stream-json'
import { pick } from 'stream-json/filters/pick.js'
import { streamArray } from 'stream-json/streamers/stream-array.js'
import { firebaseCost } from '../auth/passwords/scrypt.ts'
import type { SourceUser } from '../repositories/better-auth.ts'
import type { UserSource } from './users.ts'

/** An entry of a file: what each system calls it is looked up by `first`. */
type Entry = Record<string, unknown>

/** The first of these fields that has a text, a number or a boolean. */
function first(entry: Entry, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = entry[name]
    if (['string', 'number', 'boolean'].includes(typeof value) && value !== '') return String(value)
  }
  return undefined
}

const isTrue = (text: string | undefined) => /^(true|t|yes|1)$/i.test(text ?? '')

// The years 1 to 9999, which PostgreSQL reads.
const [earliest, latest] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')]

/** A time as text or in milliseconds since 1970; without one, now. */
function timeOf(text: string | undefined): string {
  const time = text === undefined ? Date.now() : /^\d+$/.test(text) ? Number(text) : Date.parse(text)
  if (!(time >= earliest && time <= latest)) throw new Error(`${text} is not a time`)
  return new Date(time).toISOString()
}

/** The hash of a file for Auth0's import, where nothing else than the password was hashed. */
function customHash({ custom_password_hash: custom }: Entry): string | undefined {
  const { hash, salt } = (custom ?? {}) as { hash?: Entry; salt?: unknown }
  return hash && !salt ? first(hash, 'value') : undefined
}

function userOf(entry: Entry, place: string): SourceUser {
  const email = first(entry, 'email') ?? ''
  // Auth0 writes the ids of MongoDB.
  const { $oid } = (entry._id ?? {}) as Entry
  try {
    return {
      id: first(entry, 'id', 'user_id') ?? ($oid === undefined ? email : String($oid)),
      email,
      name: first(entry, 'name') ?? null,
      email_verified: isTrue(first(entry, 'email_verified')),
      password: first(entry, 'password_hash', 'passwordHash') ?? customHash(entry) ?? null,
      created_at: timeOf(first(entry, 'created_at')),
      is_banned: isTrue(first(entry, 'disabled', 'blocked'))
    }
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`)
  }
}

// Of UTF-16.
const otherMarks = new Set(['fffe', 'feff'])

/** Throws if the bytes are no UTF-8: names would be damaged without a word. With `mayHaveMark`, UTF-16 with a mark passes. */
async function checkEncoding(path: string, { mayHaveMark = false } = {}): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isFirst = true
  try {
    for await (const chunk of createReadStream(path)) {
      const bytes = chunk as Buffer
      if (isFirst && mayHaveMark && otherMarks.has(bytes.toString('hex', 0, 2))) return
      isFirst = false
      decoder.decode(bytes, { stream: true })
    }
    decoder.decode()
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new Error('The file is not in UTF-8: convert it, or its names would be damaged')
  }
}

/** An error reaches whoever reads the last stream. */
const toReader = () => {}

async function* jsonLines(path: string): AsyncGenerator<SourceUser> {
  await checkEncoding(path)
  let number = 0
  const file = await open(path)
  for await (const line of file.readLines()) {
    number += 1
    if (line.trim() === '') continue
    let entry: unknown
    try {
      entry = JSON.parse(line)
    } catch {}
    if (typeof entry !== 'object' || entry === null) throw new Error(`Line ${number} is not a JSON object`)
    yield userOf(entry as Entry, `Line ${number}`)
  }
}

async function* csvRows(path: string): AsyncGenerator<SourceUser> {
  await checkEncoding(path, { mayHaveMark: true })
  const parser = parseCsv({ columns: true, bom: true, info: true, skip_empty_lines: true })
  const rows = pipeline(createReadStream(path), parser, toReader)
  let isChecked = false
  for await (const { record, info } of rows) {
    if (!isChecked && !('email' in record)) throw new Error('The first line must name the columns, among them email')
    isChecked = true
    yield userOf(record, `Line ${info.lines}`)
  }
}

/** Reads users from a file, in the order of the file, without keeping them. */
function sourceOf(users: AsyncGenerator<SourceUser>): UserSource {
  return {
    async page(_after, limit) {
      const page: SourceUser[] = []
      while (page.length < limit) {
        const { value, done } = await users.next()
        if (done) break
        page.push(value)
      }
      return page
    }
  }
}

/** An export of Auth0 as NDJSON: that of the password hashes, or one that is joined with it. */
export const auth0File = (path: string): UserSource => sourceOf(jsonLines(path))

/** A table with the columns email, and as far as they exist password_hash, id, name, email_verified, created_at, disabled. */
export const csvFile = (path: string): UserSource => sourceOf(csvRows(path))

/** What the hashes of a project of Firebase depend on, in base64. */
export interface FirebaseProject {
  separator: string
  key: string
}

const isBase64 = (text: string) => /^[A-Za-z0-9+/]*={0,2}$/.test(text)
/** Exports have base64 in either alphabet. */
const asBase64 = (text: string) => text.replaceAll('-', '+').replaceAll('_', '/')

/** Checks the parameters that the Firebase console shows ("Password hash parameters"). Throws an error that says what is wrong. */
export function firebaseProject(
  given: Record<'signerKey' | 'saltSeparator' | 'rounds' | 'memCost', string | undefined>
) {
  const { signerKey: key = '', saltSeparator: separator = '', rounds, memCost } = given
  if (key === '' || !isBase64(key))
    throw new Error('The signer key must be base64, as the console of Firebase shows it')
  if (!isBase64(separator)) throw new Error('The salt separator must be base64, as the console of Firebase shows it')
  if (rounds !== String(firebaseCost.rounds) || memCost !== String(firebaseCost.memCost))
    throw new Error(`Only rounds ${firebaseCost.rounds} and memory cost ${firebaseCost.memCost} can be checked here`)
  return { separator, key } satisfies FirebaseProject
}

async function* firebaseUsers(path: string, { separator, key }: FirebaseProject): AsyncGenerator<SourceUser> {
  await checkEncoding(path)
  const [list, entries] = [pick.asStream({ filter: 'users' }), streamArray.asStream()]
  const users = pipeline(createReadStream(path), parseJson.asStream(), list, entries, toReader)
  let number = 0
  for await (const { value } of users) {
    number += 1
    const { localId: id, emailVerified, displayName: name, createdAt, passwordHash, salt = '', ...user } = value
    const hash = passwordHash && `firebase:${separator}:${key}:${asBase64(salt)}:${asBase64(passwordHash)}`
    const entry = { ...user, id, name, email_verified: emailVerified, created_at: createdAt, password_hash: hash }
    yield userOf(entry, `User ${number}`)
  }
  if (number === 0) throw new Error('The file has no list "users": export it with "firebase auth:export users.json"')
}

/** An export of `firebase auth:export users.json`. */
export const firebaseFile = (path: string, project: FirebaseProject): UserSource =>
  sourceOf(firebaseUsers(path, project))
