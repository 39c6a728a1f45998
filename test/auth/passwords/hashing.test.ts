import { randomBytes, scryptSync } from 'node:crypto'
import { test } from 'tap'
import { createHashing, isKnownHash } from '../../../src/auth/passwords/hashing.ts'
import { firebaseHash, project } from '../../helpers/firebase.ts'

const cheap = createHashing({ bcryptCost: 4 })

test('only the complete password is right', async (t) => {
  const longest = `1!${'x'.repeat(70)}`
  const cases: [string, string, boolean][] = [
    ['correct-horse-7', 'correct-horse-7', true],
    ['correct-horse-7', 'Correct-horse-7', false],
    ['correct-horse-7', 'correct-horse-7 ', false],
    ['correct-horse-7', '', false],
    [longest, longest, true],
    [longest, `${longest}x`, false],
    [longest, longest.slice(0, -1), false],
    ['€'.repeat(24), '€'.repeat(24), true],
    ['€'.repeat(24), '€'.repeat(25), false],
    ['secret-7', 'secret-7\0', false],
    ['secret-7', 'secret-7\0secret-7', false],
    ['\ufffd-secret-7', '\ud800-secret-7', false],
    ['é-secret-7', 'e\u0301-secret-7', false]
  ]
  for (const [stored, given, right] of cases)
    t.equal(await cheap.verify(given, await cheap.hash(stored)), right, JSON.stringify([stored, given]))
})

test('a password that bcrypt would truncate is not hashed', async (t) => {
  await t.rejects(cheap.hash('x'.repeat(73)))
})

test('a hash is outdated only if its cost differs', async (t) => {
  const hash = await cheap.hash('correct-horse-7')
  t.equal(cheap.isOutdated(hash, 'secret'), false)
  t.equal(createHashing({ bcryptCost: 5 }).isOutdated(hash, 'secret'), true)
  for (const version of ['$2a$', '$2y$'])
    t.equal(cheap.isOutdated(hash.replace('$2b$', version), 'secret'), true, version)
})

/** A hash in Better Auth's format. */
function scryptHash(password: string): string {
  const salt = randomBytes(16).toString('hex')
  const options = { N: 16_384, r: 16, p: 1, maxmem: 128 * 16_384 * 16 * 2 }
  return `${salt}:${scryptSync(password.normalize('NFKC'), salt, 64, options).toString('hex')}`
}

test('hashes of other systems can be verified', async (t) => {
  const stored = scryptHash('correct-horse-7')
  t.ok(isKnownHash(stored))
  t.ok(await cheap.verify('correct-horse-7', stored))
  t.notOk(await cheap.verify('wrong', stored))
  t.ok(cheap.isOutdated(stored, 'correct-horse-7'))
  t.notOk(cheap.isOutdated(stored, 'x'.repeat(73)), 'bcrypt could not take it')
})

test('spellings that Better Auth treats as equal stay valid after repeated rehashing', async (t) => {
  const spellings = ['Ångström-ﬁ7', 'A\u030angstro\u0308m-\ufb017', '\u212bngstro\u0308m-fi7', 'Ångström-fi\uff17']
  const stored = scryptHash(spellings[0] ?? '')
  for (const first of spellings) {
    t.equal(await cheap.verify(first, stored), true)
    const raised = await cheap.rehash(first, stored)
    t.match(raised, /^nfkc\$2b\$04\$/)
    const again = await createHashing({ bcryptCost: 5 }).rehash(first, raised)
    for (const hash of [raised, again]) {
      for (const given of spellings) t.equal(await cheap.verify(given, hash), true, JSON.stringify([first, given]))
      for (const wrong of ['Angstrom-fi7', 'ångström-fi7', 'Ångström-fi7 '])
        t.equal(await cheap.verify(wrong, hash), false)
    }
    t.strictSame(
      [stored, raised, again].map((hash) => cheap.isOutdated(hash, first)),
      [true, false, true]
    )
  }
  t.equal(cheap.isOutdated(stored, '\ufb01'.repeat(37)), false, 'as it was normalized, bcrypt could not take it')
  t.notOk(isKnownHash(await cheap.rehash('x', stored)), 'nobody else makes such a hash')
  const ours = await cheap.rehash('é-secret-7', await cheap.hash('é-secret-7'))
  t.equal(await cheap.verify('e\u0301-secret-7', ours), false, 'a password set here is kept exactly as received')
})

/** A hash of Firebase, as an import stores it. */
function firebaseStored(password: string): string {
  const salt = randomBytes(8)
  return `firebase:${project.separator}:${project.key}:${salt.toString('base64')}:${firebaseHash(password, salt)}`
}

test('a hash of Firebase is verified, and replaced by one of the password as it was typed', async (t) => {
  const stored = firebaseStored('Ångström-ﬁ7')
  t.ok(isKnownHash(stored))
  t.equal(await cheap.verify('Ångström-ﬁ7', stored), true)
  t.equal(await cheap.verify('Ångström-fi7', stored), false, 'Firebase does not normalize')
  t.equal(await cheap.verify('Ångström-ﬁ7', stored.slice(0, -8)), false)
  t.ok(cheap.isOutdated(stored, 'Ångström-ﬁ7'))
  t.notOk(cheap.isOutdated(stored, 'x'.repeat(73)))
  const ours = await cheap.rehash('Ångström-ﬁ7', stored)
  t.match(ours, /^\$2b\$04\$/)
  t.equal(await cheap.verify('Ångström-ﬁ7', ours), true)
  for (const wrong of ['firebase:', 'firebase:Bw==:AA==:AA==', 'firebase:Bw==:AA==:AA==:$', 'firebase:a:b:c:d:e'])
    t.notOk(isKnownHash(wrong), wrong)
})

/** CPU time in microseconds, which other load does not change. */
async function work(act: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

test('a check takes the same work for every hash, and without a hash', async (t) => {
  const hashes = {
    nobody: undefined,
    'of our cost': await createHashing({ bcryptCost: 10 }).hash('correct-horse-7'),
    'of a lower cost': await createHashing({ bcryptCost: 6 }).hash('correct-horse-7'),
    'of a higher cost': await createHashing({ bcryptCost: 11 }).hash('correct-horse-7'),
    'of scrypt': scryptHash('correct-horse-7'),
    'of Firebase': firebaseStored('correct-horse-7')
  }
  const hashing = createHashing({ bcryptCost: 10, readKinds: async () => ({ cost: 11, scrypt: true }) })
  const known = await work(() => hashing.verify('wrong', hashes['of a higher cost']))
  for (const [what, hash] of Object.entries(hashes))
    for (const password of ['wrong', 'correct-horse-7']) {
      const took = await work(async () =>
        t.equal(await hashing.verify(password, hash), Boolean(hash) && password !== 'wrong')
      )
      t.ok(took > known / 2 && took < known * 2, `${what}, ${password}: ${took} µs, ${known} µs for the slowest`)
    }
  const malformed = await work(() => cheap.verify('wrong', `${hashes['of our cost']?.slice(0, -1)}P`))
  t.ok(malformed < known / 2, `${malformed} µs for a hash that bcrypt refuses: the measure tells them apart`)
})

test('the kinds of stored hashes are read again after a minute, and immediately after an error', async (t) => {
  let now = 0
  const answers = [new Error('down'), { cost: 4, scrypt: false }, { cost: 5, scrypt: true }]
  const hashing = createHashing({
    bcryptCost: 4,
    clock: () => now,
    async readKinds() {
      const answer = answers.shift()
      if (!answer || answer instanceof Error) throw answer ?? new Error('asked too often')
      return answer
    }
  })
  await t.rejects(hashing.verify('x', undefined), { message: 'down' })
  t.notOk(await hashing.verify('x', undefined))
  now += 59_999
  t.notOk(await hashing.verify('x', undefined))
  t.equal(answers.length, 1)
  now += 1
  t.notOk(await hashing.verify('x', undefined))
  t.equal(answers.length, 0)
})

test('a hash of an unknown kind is recognized as unknown', (t) => {
  for (const hash of ['', 'plain', `$2b$17$${'a'.repeat(53)}`, `$argon2id$v=19$m=1,t=1,p=1$${'a'.repeat(22)}$b`])
    t.notOk(isKnownHash(hash), hash)
  t.end()
})
