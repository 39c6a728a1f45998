import { pbkdf2Sync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as argon2 from '@node-rs/argon2'
import { hashSync } from '@node-rs/bcrypt'
import { sql } from 'kysely'
import t, { test } from 'tap'
import { readHashKinds } from '../../src/auth/passwords/hash-kinds.ts'
import { storedHash } from '../../src/auth/passwords/hashing.ts'
import { auth0File, csvFile, firebaseFile, firebaseProject } from '../../src/import/files.ts'
import { userLines } from '../../src/import/leaving.ts'
import { importFrom } from '../../src/import/report.ts'
import type { UserSource } from '../../src/import/users.ts'
import { supabaseRepository } from '../../src/repositories/supabase.ts'
import { password, startApp } from '../helpers/app.ts'
import { openEmpty } from '../helpers/databases.ts'
import { firebaseHash, project } from '../helpers/firebase.ts'
import { until } from '../helpers/wait.ts'

const { app, anyone, signUp } = await startApp(t)
const hash = hashSync(password, { cost: 4 })
const folder = t.testdir()

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

async function run(source: UserSource, system: string, dryRun = false): Promise<string> {
  let printed = ''
  await importFrom({
    ...{ source, what: system, idPrefix: `${system}:`, target: app.db, dryRun },
    print: (text) => {
      printed += text
    }
  })
  return printed
}

const logIn = async (email: string, secret = password) =>
  (await anyone.post('/api/auth/login', { email, password: secret })).statusCode
const userOf = (email: string) =>
  app.db.selectFrom('users').selectAll().where('email', '=', email).executeTakeFirstOrThrow()

test('a file that is not in UTF-8 is refused, because names would be damaged', async (t) => {
  const latin1 = Buffer.from(`email,name,password_hash\nlatin@example.com,J\xf6rg,${hash}\n`, 'latin1')
  const line = Buffer.from(`{"email":"latin@example.com","name":"J\xf6rg","passwordHash":"${hash}"}\n`, 'latin1')
  const firebase = Buffer.from(
    '{"users":[{"localId":"1","email":"latin@example.com","displayName":"J\xf6rg"}]}',
    'latin1'
  )
  const path = join(folder, 'latin1')
  const refused = /The file is not in UTF-8/
  writeFileSync(path, latin1)
  await t.rejects(run(csvFile(path), 'csv'), refused)
  writeFileSync(path, latin1.subarray(0, latin1.indexOf(0xf6) + 1))
  await t.rejects(run(csvFile(path), 'csv'), refused, 'in the last character')
  writeFileSync(path, line)
  await t.rejects(run(auth0File(path), 'auth0'), refused)
  writeFileSync(path, firebase)
  await t.rejects(run(firebaseFile(path, { separator: 'Bw==', key: 'a2V5' }), 'firebase'), refused)
  await t.rejects(run(csvFile(join(folder, 'missing')), 'csv'), /ENOENT/)
  const utf16 = Buffer.from(`\ufeffemail,name,password_hash\nutf16@example.com,J\xf6rg,${hash}\n`, 'utf16le')
  writeFileSync(path, utf16)
  t.match(await run(csvFile(path), 'csv'), / 1 {2}imported\n/)
  t.equal((await userOf('utf16@example.com')).name, 'J\xf6rg')
})

test('an invalid time is reported with its line', async (t) => {
  const rowAt = (time: string) => csvFile(file('times.csv', `email,created_at\ntime@example.com,${time}\n`))
  for (const time of [
    '1700000000000000',
    '-000001-01-01T00:00:00Z',
    '0000-12-31T23:59:59Z',
    '+010000-01-01T00:00:00Z',
    'soon'
  ])
    await t.rejects(run(rowAt(time), 'csv'), { message: `Line 2: ${time} is not a time` }, time)
  for (const time of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '0'])
    t.match(await run(rowAt(time), 'csv', true), /1 users read/, time)
})

test('users of a CSV file sign in with their old passwords, and a second run adds none', async (t) => {
  const ann = await signUp()
  const csv = file(
    'users.csv',
    `\ufeffid,Email,name,email_verified,created_at,disabled,password_hash\r\n`.replace('Email', 'email') +
      `1, Csv@Example.com,"Smith, ""Ann""\r\nof York",true,2024-02-03T04:05:06Z,,${hash}\r\n` +
      `2,csv-off@example.com,,,1706933106000,true,${hash}\r\n\r\n` +
      `3,${ann.email},,,,,${hash}\r\n4,nobody,,,,,${hash}\r\n5,csv-none@example.com,,,,,\r\n6,csv-md5@example.com,,,,,5f4dcc3b\r\n`
  )
  t.match(await run(csvFile(csv), 'csv', true), /A dry run.*1 {2}imported\n.*1 {2}imported, but deactivated/s)
  t.equal(await logIn('csv@example.com'), 401, 'a dry run writes nothing')
  const report = await run(csvFile(csv), 'csv')
  t.match(report, /^Reading csv\n6 users read\n/)
  for (const line of [
    '1  imported\n',
    'belongs to another',
    'no password',
    'invalid email',
    'unknown kind of password'
  ])
    t.match(report, line)
  t.match(report, '  4: skipped: invalid email')
  t.match(await userOf('csv@example.com'), {
    ...{
      name: 'Smith, "Ann"\r\nof York',
      email_verified: true,
      is_active: true,
      created_at: '2024-02-03T04:05:06.000Z'
    }
  })
  t.match(await userOf('csv-off@example.com'), {
    ...{ name: 'csv-off@example.com', email_verified: false, is_active: false, created_at: '2024-02-03T04:05:06.000Z' }
  })
  t.equal(await logIn('csv@example.com'), 200)
  t.equal(await logIn('csv-off@example.com'), 401)
  t.match(await run(csvFile(csv), 'csv'), /0 {2}imported\n.*2 {2}imported by an earlier run/s)
})

test('users with the same id in two systems are imported as two users', async (t) => {
  for (const system of ['csv', 'auth0']) {
    const path = file(`${system}-7.csv`, `id,email,password_hash\n7,${system}-7@example.com,${hash}\n`)
    t.match(await run(csvFile(path), system), /1 {2}imported\n/, system)
  }
})

test('users of an export of Auth0 sign in with their old passwords', async (t) => {
  const lines = [
    { _id: { $oid: '5f1' }, email: 'auth0@example.com', email_verified: true, passwordHash: hash, connection: 'x' },
    { user_id: 'auth0|5f2', email: 'auth0-off@example.com', blocked: true, passwordHash: hash, name: 'Ben' },
    { email: 'auth0-plain@example.com', password_hash: hash }
  ]
  const path = file('auth0.ndjson', `${lines.map((line) => JSON.stringify(line)).join('\n')}\n\n`)
  t.match(await run(auth0File(path), 'auth0'), /3 users read.*2 {2}imported\n.*1 {2}imported, but deactivated/s)
  t.equal(await logIn('auth0@example.com'), 200)
  t.equal(await logIn('auth0-plain@example.com'), 200)
  t.match(await userOf('auth0@example.com'), { email_verified: true, name: 'auth0@example.com' })
  t.match(await userOf('auth0-off@example.com'), { is_active: false, name: 'Ben' })
})

const wrong: Record<string, [UserSource, RegExp]> = {
  'a line that is no JSON': [auth0File(file('1', '{"email":"x"}\n{"email"')), /^Line 2 is not a JSON object$/],
  'a line that is no object': [auth0File(file('2', '\n7\n')), /^Line 2 is not a JSON object$/],
  'a time that is none': [csvFile(file('3', 'email,created_at\nx@example.com,soon\n')), /^Line 2: soon is not a time$/],
  'a table without addresses': [csvFile(file('4', 'mail,name\nx,y\n')), /name the columns, among them email/],
  'a row with too many columns': [csvFile(file('5', 'email\nx,y\n')), /Invalid Record Length/],
  'a file that is not there': [csvFile(join(folder, 'nowhere')), /ENOENT/],
  'a file of Auth0 that is not there': [auth0File(join(folder, 'nowhere')), /ENOENT/],
  'a file of Firebase that is not there': [firebaseFile(join(folder, 'nowhere'), { separator: '', key: '' }), /ENOENT/],
  'a file of Firebase that ends early': [
    firebaseFile(file('7', '{"users":[{"email":'), { separator: '', key: '' }),
    /./
  ],
  'a file of Firebase without users': [
    firebaseFile(file('6', '{"accounts":[]}'), { separator: '', key: '' }),
    /"users"/
  ]
}
for (const [what, [source, message]] of Object.entries(wrong))
  test(`an import reports ${what}`, async (t) => {
    await t.rejects(run(source, 'wrong'), { message })
  })

const seasalt = (iterations: number) =>
  `pbkdf2_sha256$${iterations}$seasalt$${pbkdf2Sync(password, 'seasalt', iterations, 32, 'sha256').toString('base64')}`
const argon2Hash = (memoryCost: number) => argon2.hashSync(password, { memoryCost, timeCost: 1, parallelism: 1 })
const kindsOfHashes = async () => {
  const { argon2, pbkdf2 } = await readHashKinds(app.db)
  return { argon2, pbkdf2 }
}

test('users with hashes of argon2 and PBKDF2 sign in, and get a hash of bcrypt', async (t) => {
  const lines = [
    { email: 'argon2@example.com', password_hash: argon2Hash(64) },
    { email: 'django@example.com', password_hash: seasalt(700) },
    { email: 'django-old@example.com', password_hash: seasalt(70) },
    {
      email: 'custom@example.com',
      custom_password_hash: { algorithm: 'argon2', hash: { value: `argon2${argon2Hash(32)}`, encoding: 'utf8' } }
    },
    {
      email: 'salted@example.com',
      custom_password_hash: { algorithm: 'bcrypt', hash: { value: hash }, salt: { value: 'x', position: 'prefix' } }
    },
    { email: 'costly@example.com', password_hash: `$argon2id$v=19$m=4194304,t=9,p=1$c29tZXNhbHQ$${'A'.repeat(43)}` },
    { email: 'costlier@example.com', password_hash: seasalt(1).replace('$1$', '$99000000$') }
  ]
  const path = file('kinds.ndjson', lines.map((line) => JSON.stringify(line)).join('\n'))
  const expected = /4 {2}imported\n.*1 {2}skipped: no password.*2 {2}skipped: unknown kind.* 0 {2}skipped: more than 4/s
  t.match(await run(auth0File(path), 'kinds', true), expected)
  t.strictSame(await kindsOfHashes(), { argon2: [], pbkdf2: {} }, 'a dry run writes nothing')
  t.match(await run(auth0File(path), 'kinds'), expected)
  t.strictSame(await kindsOfHashes(), {
    argon2: ['0aid19m000032t01p01', '0aid19m000064t01p01'],
    pbkdf2: { sha256: 700 }
  })
  for (const { email } of lines.slice(0, 4)) {
    t.equal(await logIn(email, `${password}x`), 401, email)
    t.equal(await logIn(email), 200, email)
    await until('the hash to be replaced', async () => /^\$2b\$04\$/.test(String((await userOf(email)).password_hash)))
    t.equal(await logIn(email), 200, email)
  }
  t.strictSame(await kindsOfHashes(), { argon2: [], pbkdf2: {} }, 'then nothing is checked for them any more')
})

test('with many different parameters of argon2 the time of a sign-in would grow, so there are at most four', async (t) => {
  const rows = [8, 9, 10, 9, 11, 12, 13].map((m, i) => `argon2-${i}@example.com,"${argon2Hash(m)}"`)
  const path = file('argon2.csv', `email,password_hash\n${rows.join('\n')}`)
  t.match(await run(csvFile(path), 'argon2'), /5 {2}imported\n.*2 {2}skipped: more than 4 different/s)
  t.equal((await readHashKinds(app.db)).argon2.length, 4)
  t.match(
    await run(csvFile(path), 'argon2'),
    /0 {2}imported\n.*5 {2}imported by an earlier.*2 {2}skipped: more than 4/s
  )
  t.equal(await logIn('argon2-4@example.com'), 200)
  t.equal(await logIn('argon2-5@example.com'), 401)
})

test('users of a large file are imported in batches', async (t) => {
  const rows = Array.from({ length: 1_100 }, (_, i) => `many-${i}@example.com,${hash}`)
  const report = await run(csvFile(file('many.csv', `email,password_hash\n${rows.join('\n')}`)), 'csv')
  t.match(report, /500 users read\n1000 users read\n1100 users read\n.*1100 {2}imported\n/s)
})

test('at most twenty users who are skipped are listed', async (t) => {
  const rows = Array.from({ length: 30 }, (_, i) => `none-${i}@example.com`)
  const report = await run(csvFile(file('none.csv', `email\n${rows.join('\n')}`)), 'csv')
  t.match(report, /Skipped, by id in the source \(the first 20\):\n( {2}none-\d+@.*\n){20}$/)
})

test('users of Supabase sign in with their old passwords', async (t) => {
  const { db: from } = await openEmpty<unknown>(t)
  await sql`create schema auth`.execute(from)
  await sql`create table auth.users (id uuid primary key, email text, encrypted_password text, email_confirmed_at timestamptz,
    banned_until timestamptz, deleted_at timestamptz, raw_user_meta_data jsonb, created_at timestamptz)`.execute(from)
  await sql`insert into auth.users values
    (gen_random_uuid(), 'supabase@example.com', ${hash}, now(), now() - interval '1 day', null, '{"full_name": "Ann"}', '2024-02-03T04:05:06Z'),
    (gen_random_uuid(), 'supabase-off@example.com', ${hash}, null, now() + interval '1 day', null, '{"name": "Ben"}', now()),
    (gen_random_uuid(), 'supabase-google@example.com', '', null, null, null, null, null),
    (gen_random_uuid(), 'supabase-deleted@example.com', ${hash}, null, null, now(), null, now()),
    (gen_random_uuid(), null, null, null, null, null, null, now())`.execute(from)
  const source = supabaseRepository(from)
  t.equal(await source.count(), 3)
  const [, second] = await source.page(undefined, 2)
  t.equal((await source.page(second?.id, 2)).length, 1)
  const report = await run(source, 'supabase')
  t.match(report, /3 users read.*1 {2}imported\n.*1 {2}imported, but deactivated: banned.*1 {2}skipped: no password/s)
  t.equal(await logIn('supabase@example.com'), 200)
  t.match(await userOf('supabase@example.com'), {
    name: 'Ann',
    email_verified: true,
    created_at: '2024-02-03T04:05:06.000Z'
  })
  t.match(await userOf('supabase-off@example.com'), { name: 'Ben', email_verified: false, is_active: false })
})

test('users of an export of Firebase sign in with their old passwords', async (t) => {
  const users = [
    {
      ...{
        localId: 'a',
        email: 'firebase@example.com',
        emailVerified: true,
        displayName: 'Ann',
        createdAt: '1706933106000'
      },
      ...{
        salt: '42xEC+ixf3L2lw==',
        passwordHash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=='
      }
    },
    {
      ...{
        localId: 'b',
        email: 'firebase-url@example.com',
        disabled: false,
        salt: Buffer.from('????>>>>').toString('base64url')
      },
      passwordHash: firebaseHash(password, Buffer.from('????>>>>')).replaceAll('+', '-').replaceAll('/', '_')
    },
    { localId: 'c', email: 'firebase-google@example.com' },
    { localId: 'd', phoneNumber: '+1' }
  ]
  const path = file('firebase.json', JSON.stringify({ users }, null, 2))
  t.match(
    await run(firebaseFile(path, project), 'firebase'),
    /4 users read.*2 {2}imported\n.*2 {2}skipped: no password/s
  )
  t.equal(await logIn('firebase@example.com', 'user2password'), 401)
  t.equal(await logIn('firebase@example.com', 'user1password'), 200)
  t.equal(await logIn('firebase@example.com', 'user1password'), 200)
  t.equal(await logIn('firebase-url@example.com'), 200)
  t.match(await userOf('firebase@example.com'), {
    ...{ name: 'Ann', email_verified: true, created_at: '2024-02-03T04:05:06.000Z' }
  })
})

test('the parameters of a project of Firebase are checked', (t) => {
  t.strictSame(firebaseProject({ signerKey: project.key, saltSeparator: 'Bw==', rounds: '8', memCost: '14' }), project)
  for (const [wrong, message] of [
    [{ signerKey: undefined }, /signer key/],
    [{ signerKey: 'not base64!' }, /signer key/],
    [{ saltSeparator: '$' }, /salt separator/],
    [{ rounds: '9' }, /rounds 8 and memory cost 14/],
    [{ memCost: '15' }, /rounds 8 and memory cost 14/]
  ] as const)
    t.throws(
      () => firebaseProject({ signerKey: project.key, saltSeparator: 'Bw==', rounds: '8', memCost: '14', ...wrong }),
      {
        message
      }
    )
  t.end()
})

test('users are exported with their hashes, and can be imported elsewhere', async (t) => {
  const other = await startApp(t)
  const ann = await other.signUp('leaving@example.com')
  await app.db.selectFrom('users').select('id').execute()
  const read = async (withHashes: boolean, size?: number) => {
    let text = ''
    for await (const lines of userLines(other.app.db, { withHashes, ...(size && { size }) })) {
      text += lines
      if (text.length > 100_000) throw new Error('The export does not end')
    }
    return text
  }
  await other.signUp('leaving-too@example.com')
  await other.app.db
    .insertInto('users')
    .values([
      { id: crypto.randomUUID(), email: 'nfkc@example.com', name: 'x', password_hash: `nfkc${hash}`, is_active: false },
      {
        id: crypto.randomUUID(),
        email: 'scrypt@example.com',
        name: 'x',
        password_hash: `${'0'.repeat(32)}:${'0'.repeat(128)}`
      },
      {
        id: crypto.randomUUID(),
        email: 'argon2@example.com',
        name: 'x',
        password_hash: storedHash(argon2Hash(32)) as string
      },
      {
        id: crypto.randomUUID(),
        email: 'pbkdf2@example.com',
        name: 'x',
        password_hash: storedHash(seasalt(70)) as string
      },
      { id: crypto.randomUUID(), email: 'fire@example.com', name: 'x', password_hash: 'firebase:Bw==:AA==:AA==:AA==' },
      {
        id: crypto.randomUUID(),
        email: 'foreign@example.com',
        name: 'x',
        issuer: 'https://x',
        subject: '1',
        password_hash: null
      }
    ])
    .execute()
  const text = await read(true, 2)
  const users = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.equal(users.length, 7)
  t.match(
    users.find(({ id }) => id === ann.id),
    {
      ...{ email: 'leaving@example.com', name: 'Somebody', disabled: false, password_algorithm: 'bcrypt' },
      password_hash: /^\$2b\$04\$/
    }
  )
  const algorithms = Object.fromEntries(
    users.map(({ email, password_algorithm: name, disabled }) => [email, [name, disabled]])
  )
  t.match(algorithms, {
    'nfkc@example.com': ['bcrypt-nfkc', true],
    'scrypt@example.com': ['scrypt-better-auth', false],
    'fire@example.com': ['scrypt-firebase', false],
    'argon2@example.com': ['argon2', false],
    'pbkdf2@example.com': ['pbkdf2', false]
  })
  t.equal(users.find(({ email }) => email === 'nfkc@example.com').password_hash, hash)
  t.notMatch(await read(false), /password|\$2b/)
  await run(auth0File(file('leaving.ndjson', text)), 'gatehouse')
  for (const email of ['leaving', 'argon2', 'pbkdf2'].map((name) => `${name}@example.com`))
    t.equal(await logIn(email), 200, email)
})
