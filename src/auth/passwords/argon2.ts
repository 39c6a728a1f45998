const base64 = '[A-Za-z0-9+/]+'
const phc = new RegExp(
  `^\\$argon2(id|i|d)\\$(?:v=(16|19)\\$)?m=(\\d{1,7}),t=(\\d{1,2}),p=(\\d{1,2})\\$(${base64})\\$(${base64})$`
)
/** Our form. The third part is the kind: see `pbkdf2.ts`. */
const stored = new RegExp(`^\\$argon2\\$(0a(id|i|d)(16|19)m(\\d{6})t(\\d{2})p(\\d{2}))\\$(${base64})\\$(${base64})$`)

/** What the kinds of argon2 begin with, and end before, in the order of `users_by_hash_kind`. */
export const argon2Kinds = ['0a', '0b'] as const
/** Each check does the work of every kind, so there must be few. */
export const maxArgon2Kinds = 4

/** KiB of an imported hash. At most three are checked at once. */
const maxMemory = 128 * 1024
/** KiB times passes: about half a second of a core. */
const maxWork = 4 * maxMemory
const maxLanes = 16

export const isArgon2 = (hash: string): boolean => stored.test(hash)
export const argon2KindOf = (hash: string): string | undefined => stored.exec(hash)?.[1]

/** Its bytes, if it is base64 without padding and without spare bits, which the library refuses. */
function bytesOf(text: string): number {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64').replace(/=+$/, '') === text ? bytes.length : 0
}

const isWithin = (value: number, least: number, most: number) => value >= least && value <= most

/**
 * Returns another system's hash (the PHC string format, RFC 9106; Django's has a prefix) in our form. Undefined: it is none,
 * or takes too much memory or time.
 */
export function storedArgon2(hash: string): string | undefined {
  const [, type, version = '16', memory, passes, lanes, salt, key] = phc.exec(hash.replace(/^argon2(?=\$)/, '')) ?? []
  if (type === undefined || salt === undefined || key === undefined) return undefined
  const [m, t, p] = [Number(memory), Number(passes), Number(lanes)]
  if (!isWithin(t, 1, 99) || !isWithin(p, 1, maxLanes) || !isWithin(m, 8 * p, maxMemory) || m * t > maxWork) return
  if (!isWithin(bytesOf(salt), 8, 48) || !isWithin(bytesOf(key), 16, 64)) return
  const [m6, t2, p2] = [String(m).padStart(6, '0'), String(t).padStart(2, '0'), String(p).padStart(2, '0')]
  return `$argon2$0a${type}${version}m${m6}t${t2}p${p2}$${salt}$${key}`
}

/** Returns a hash of ours in the PHC string format. */
export function phcOfArgon2(hash: string): string {
  const [, , type, version, m, t, p, salt, key] = stored.exec(hash) as RegExpExecArray
  return `$argon2${type}$v=${version}$m=${Number(m)},t=${Number(t)},p=${Number(p)}$${salt}$${key}`
}

/** A hash of 256 zero bits that no password has. */
const decoyOf = (kind: string) => phcOfArgon2(`$argon2$${kind}$${'A'.repeat(22)}$${'A'.repeat(43)}`)

/** Checks a hash or, without one, does the same work: that of each kind of stored hashes. */
export async function verifyArgon2(password: string, hash: string | undefined, kinds: string[]): Promise<boolean> {
  const own = hash === undefined ? undefined : argon2KindOf(hash)
  const all = new Set(own === undefined ? kinds : [...kinds, own])
  if (all.size === 0) return false
  // Loaded where users were imported with such hashes only.
  const { verify } = await import('@node-rs/argon2')
  let right = false
  for (const kind of all)
    if (kind === own) right = await verify(phcOfArgon2(hash as string), password)
    else await verify(decoyOf(kind), password)
  return right
}
