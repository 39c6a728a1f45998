import { readFileSync } from 'node:fs'

/** Common substitutions of characters in passwords. */
const lookalikes: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '!': 'i',
  '|': 'i',
  l: 'i',
  '2': 'z',
  '3': 'e',
  '4': 'a',
  '@': 'a',
  '5': 's',
  $: 's',
  '7': 't',
  '+': 't',
  '8': 'b'
}

/** Undoes capitals and substitutions: `P@ssw0rd` becomes `password`. */
export const fold = (password: string): string =>
  password.toLowerCase().replace(/[01!|l234@5$7+8]/g, (character) => lookalikes[character] as string)

/**
 * Common passwords, folded, one per line, the most common first. One string, searched from the start: zxcvbn's
 * dictionaries take 16 MB of memory, and a crafted password takes them 30 ms of the event loop. Not a Buffer, because
 * Buffer.includes() aborts the process on a lone surrogate.
 */
const listed = readFileSync(new URL('common-passwords.txt', import.meta.url), 'latin1')
const lengthOfOne = 8

/** Guesses that a password must withstand online, by zxcvbn's estimate. */
const guesses = 500_000
const longestAffix = Math.floor(Math.log10(guesses))

/**
 * Whether a password is a common one, regardless of capitals and substitutions, or one with a few characters added
 * before or after it. Each added character counts as ten times the guesses, so the most common passwords may not have
 * five, and the rarest not one.
 */
export function isCommon(password: string): boolean {
  const folded = fold(password)
  for (let affix = 0; affix <= longestAffix; affix += 1) {
    const among = listed.slice(0, (guesses / 10 ** affix) * lengthOfOne)
    for (let before = 0; before <= affix; before += 1)
      if (among.includes(`\n${folded.slice(before, folded.length - affix + before)}\n`)) return true
  }
  return false
}
