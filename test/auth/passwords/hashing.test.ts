import crypto, { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto'
import * as argon2 from '@node-rs/argon2'
import * as bcrypt from '@node-rs/bcrypt'
import { test } from 'tap'
import { isArgon2, phcOfArgon2 } from '../../../src/auth/passwords/argon2.ts'
import { createHashing, noKinds, storedHash } from '../../../src/auth/passwords/hashing.ts'
import { isPbkdf2, phcOfPbkdf2 } from '../../../src/auth/passwords/pbkdf2.ts'
import { firebaseHash, project } from '../../helpers/firebase.ts'
import { importWith } from '../../helpers/import-with.ts'

const cheap = createHashing({ bcryptCost: 4 })

test('only the exact password verifies, without a change of case, length or Unicode normalization', async (t) => {
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
  t.equal(storedHash(stored), stored)
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
  t.equal(storedHash(await cheap.rehash('x', stored)), undefined, 'nobody else makes such a hash')
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
  t.equal(storedHash(stored), stored)
  t.equal(await cheap.verify('Ångström-ﬁ7', stored), true)
  t.equal(await cheap.verify('Ångström-fi7', stored), false, 'Firebase does not normalize')
  t.equal(await cheap.verify('Ångström-ﬁ7', stored.slice(0, -8)), false)
  t.ok(cheap.isOutdated(stored, 'Ångström-ﬁ7'))
  t.notOk(cheap.isOutdated(stored, 'x'.repeat(73)))
  const ours = await cheap.rehash('Ångström-ﬁ7', stored)
  t.match(ours, /^\$2b\$04\$/)
  t.equal(await cheap.verify('Ångström-ﬁ7', ours), true)
  for (const wrong of ['firebase:', 'firebase:Bw==:AA==:AA==', 'firebase:Bw==:AA==:AA==:$', 'firebase:a:b:c:d:e'])
    t.equal(storedHash(wrong), undefined, wrong)
})

/** A hash of Django, as an import stores it. */
function pbkdf2Stored(password: string, iterations: number): string {
  const key = pbkdf2Sync(password, 'seasalt', iterations, 32, 'sha256').toString('base64')
  return storedHash(`pbkdf2_sha256$${iterations}$seasalt$${key}`) ?? ''
}

const argon2Stored = async (password: string, memoryCost: number) =>
  storedHash(await argon2.hash(password, { memoryCost, timeCost: 3, parallelism: 1 })) ?? ''

/** Made by other implementations: Python's hashlib, and the tests of the reference implementation of argon2. */
const elsewhere: [hash: string, password: string][] = [
  ['pbkdf2_sha256$1200$seasalt2$g9z1iHYCm1U1tLmXtMZy8XE8Ws24CFTAY7lvrD8Y/+U=', 'lètmein'],
  ['pbkdf2_sha1$1300$seasalt2$IGzf2op7AwLc5GXzS9+DTm0b6LY=', 'lètmein'],
  ['pbkdf2:sha256:1000$XyZ12345$6793df6625803580928a19080a5bf0efeb2a7f43dbe0ae4696334084a6ae5d63', 'lètmein'],
  [
    '$pbkdf2-sha512$i=1000,l=64$c2FsdCBvZiAx$IkgwLwbfJOdPb8BUZyH6kVvfYY3/qLnTfhr2TERcHFJuUCZ9U3QXcRHqQ/c+jwDvk/y+7SoqtlxUHVr0RoNvEg',
    'lètmein'
  ],
  [
    '$pbkdf2-sha1$i=1000,l=64$c2FsdCBvZiAx$IK+Pr+RLbYumtIH6PN9KAgnbenDJ/y1wolMOxOoq0hVBovnwQNxViRK9IX6l5B6jtNy+o8WSgNoVTo4OTZ4PiA',
    'lètmein'
  ],
  ['$pbkdf2-sha256$1002$..9zYWx0LXNhbHQ$bVsAkbhN2aq9mQ4c.EFuTZfVTJSFNNEJdzqfW.ydYAs', 'lètmein'],
  ['$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA', 'password'],
  ['$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ', 'password'],
  ['$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'password'],
  ['argon2$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc', 'password'],
  [
    `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=${project.key}$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==`,
    'user1password'
  ]
]

test('hashes of PBKDF2, argon2 and Supabase are verified, and replaced by one of the password as it was typed', async (t) => {
  for (const [hash, password] of elsewhere) {
    const stored = storedHash(hash) ?? ''
    t.not(stored, '', hash)
    t.equal(await cheap.verify(password, stored), true, hash)
    for (const wrong of [`${password} `, password.toUpperCase()])
      t.equal(await cheap.verify(wrong, stored), false, `${hash}: ${wrong}`)
    t.equal(cheap.isOutdated(stored, password), true)
    t.equal(cheap.isOutdated(stored, 'x'.repeat(73)), false, 'bcrypt could not take it')
    t.equal(await cheap.verify(password, await cheap.rehash(password, stored)), true)
  }
})

const salt = 'c29tZXNhbHQ'
const key = `${'A'.repeat(43)}`
const pbkdf2 = (iterations: number | string, salt = 'seasalt', key = 'A'.repeat(44)) =>
  `pbkdf2_sha256$${iterations}$${salt}$${key.slice(0, -1)}=`
test('a hash that would take too much memory or time, or is malformed, cannot be imported', (t) => {
  const within = [
    `$argon2id$v=19$m=131072,t=4,p=16$${salt}$${key}`,
    `$argon2d$v=16$m=8,t=99,p=1$${salt}$${key}`,
    `$argon2i$v=19$m=4096,t=3,p=1$${'A'.repeat(64)}$${'A'.repeat(22)}`,
    pbkdf2(2_000_000),
    `$pbkdf2-sha512$i=1000000$${salt}$${key}`
  ]
  for (const hash of within) t.type(storedHash(hash), 'string', hash)
  const beyond = [
    `$argon2id$v=19$m=131073,t=1,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=131072,t=5,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=4294967295,t=1,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=65536,t=0,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=65536,t=1,p=0$${salt}$${key}`,
    `$argon2id$v=19$m=8,t=100,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=65536,t=1,p=17$${salt}$${key}`,
    `$argon2id$v=19$m=15,t=1,p=2$${salt}$${key}`,
    `$argon2id$v=20$m=65536,t=1,p=1$${salt}$${key}`,
    `$argon2id$v=19$m=65536,t=1,p=1,keyid=x$${salt}$${key}`,
    `$argon2id$v=19$m=65536,t=1,p=1$${salt.slice(0, -2)}$${key}`,
    `$argon2id$v=19$m=65536,t=1,p=1$${'A'.repeat(66)}$${key}`,
    `$argon2id$v=19$m=65536,t=1,p=1$${salt}$${'A'.repeat(20)}`,
    `$argon2id$v=19$m=65536,t=1,p=1$${salt}$${'A'.repeat(90)}`,
    `$argon2id$v=19$m=65536,t=1,p=1$${salt}$${'A'.repeat(42)}B`,
    `$argon2id$v=19$m=65536,t=1,p=1$${salt}`,
    '$argon2$0aid19m999999t99p01$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    '$pbkdf2$0psha256i99999999$YQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    pbkdf2(0),
    pbkdf2(2_000_001),
    pbkdf2('9'.repeat(400)),
    pbkdf2(1, 'x'.repeat(257)),
    pbkdf2(1, 's', 'A'.repeat(20)),
    pbkdf2(1, 's', 'A'.repeat(700)),
    pbkdf2(1, ''),
    `$pbkdf2-sha512$i=1000001$${salt}$${key}`,
    `$pbkdf2-md5$i=1000$${salt}$${key}`,
    `$fbscrypt$v=1,n=20,r=8,p=1,ss=Bw==,sk=AA==$AA==$AA==`
  ]
  for (const hash of beyond) t.equal(storedHash(hash), undefined, hash)
  t.end()
})

test('an exported hash can be imported again', (t) => {
  for (const [hash] of elsewhere) {
    const stored = storedHash(hash) ?? ''
    const phc = isArgon2(stored) ? phcOfArgon2(stored) : isPbkdf2(stored) ? phcOfPbkdf2(stored) : stored
    t.equal(storedHash(phc), stored)
  }
  t.end()
})

/** What bcrypt does no work for: it would not write this last character of the salt or of the digest. */
const isRefusedByBcrypt = (hash: string) => !/^\$2[aby]\$\d\d\$.{21}[.Oeu].{30}[.CGKOSWaeimquy26]$/.test(hash)

/** Hashing, and the work that it has done since the last question: rounds, iterations or calls of each function. */
async function countedHashing(options: Parameters<typeof createHashing>[0]) {
  let work: Record<string, number> = {}
  const count = (what: string, amount: number) => {
    work[what] = (work[what] ?? 0) + amount
  }
  const { createHashing } = await importWith<typeof import('../../../src/auth/passwords/hashing.ts')>(
    new URL('../../../src/auth/passwords/hashing.ts', import.meta.url),
    {
      '@node-rs/bcrypt': {
        ...bcrypt,
        verify(password: string, hash: string) {
          if (!isRefusedByBcrypt(hash)) count('bcrypt', 2 ** bcrypt.parseOptions(hash).cost)
          return bcrypt.verify(password, hash)
        }
      },
      'node:crypto': {
        ...crypto,
        scrypt(...values: Parameters<typeof crypto.scrypt>) {
          const [, , , { N = 0, r = 0, p = 0 }] = values
          count('scrypt', N * r * p)
          crypto.scrypt(...values)
        },
        pbkdf2(...values: Parameters<typeof crypto.pbkdf2>) {
          count(`pbkdf2 of ${values[4]}`, values[2])
          crypto.pbkdf2(...values)
        }
      },
      '@node-rs/argon2': {
        ...argon2,
        verify(hash: string, password: string) {
          count(`argon2 of ${hash.split('$').slice(1, -2)}`, 1)
          return argon2.verify(hash, password)
        }
      }
    }
  )
  return {
    hashing: createHashing(options),
    workDone() {
      const done = work
      work = {}
      return done
    }
  }
}

test('a check takes the same work for every hash, and without a hash', async (t) => {
  const right = 'correct-horse-7'
  const bcryptHash = (cost: number) => bcrypt.hash(right, { cost })
  const hashes = {
    nobody: undefined,
    'of our cost': await bcryptHash(5),
    'of a lower cost': await bcryptHash(4),
    'of a higher cost': await bcryptHash(7),
    'of the highest cost': await bcryptHash(8),
    'of scrypt': scryptHash(right),
    'of Firebase': firebaseStored(right),
    'of PBKDF2': pbkdf2Stored(right, 1_500),
    'of PBKDF2 with fewer iterations': pbkdf2Stored(right, 1),
    'of argon2': await argon2Stored(right, 64),
    'of argon2 with less memory': await argon2Stored(right, 32)
  }
  const argon2Kinds = ['0aid19m000032t03p01', '0aid19m000064t03p01']
  const kinds = { cost: 8, scrypt: true, pbkdf2: { sha256: 1_500, sha1: 100 }, argon2: argon2Kinds }
  const { hashing, workDone } = await countedHashing({ bcryptCost: 5, readKinds: async () => kinds })
  for (const [what, hash] of Object.entries(hashes))
    for (const password of ['wrong', right]) {
      t.equal(await hashing.verify(password, hash), hash !== undefined && password === right, `${what}, ${password}`)
      t.strictSame(
        workDone(),
        {
          bcrypt: 2 ** 8,
          scrypt: 2 ** 18,
          'pbkdf2 of sha1': 100,
          'pbkdf2 of sha256': 1_500,
          'argon2 of argon2id,v=19,m=32,t=3,p=1': 1,
          'argon2 of argon2id,v=19,m=64,t=3,p=1': 1
        },
        `${what}, ${password}`
      )
    }
})

test('without imported hashes a check takes the rounds of our cost only', async (t) => {
  const { hashing, workDone } = await countedHashing({ bcryptCost: 5 })
  for (const hash of [undefined, await bcrypt.hash('correct-horse-7', { cost: 5 })]) {
    await hashing.verify('wrong', hash)
    t.strictSame(workDone(), { bcrypt: 2 ** 5 })
  }
})

test('the kinds of stored hashes are read again after a minute, and immediately after an error', async (t) => {
  let now = 0
  const answers = [new Error('down'), { ...noKinds, cost: 4 }, { ...noKinds, cost: 5, scrypt: true }]
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

test('a hash of an unknown kind, and one that takes too long, is not stored', (t) => {
  const tooSlow = `$2b$17$${'a'.repeat(21)}e${'a'.repeat(31)}`
  const slowest = tooSlow.replace('17', '16')
  t.equal(storedHash(slowest), slowest)
  for (const hash of [
    '',
    'plain',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    `$2b$10$${'a'.repeat(53)}`,
    tooSlow,
    '$md5$0pmd5i00000001$YQ$YQ'
  ])
    t.equal(storedHash(hash), undefined, hash)
  t.end()
})
