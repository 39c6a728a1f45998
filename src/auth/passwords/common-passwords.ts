import { readFileSync } from 'node:fs'

/** Characters that stand for others in passwords, as people write them. */
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

/** Without what a capital or a lookalike changes: `P@ssw0rd` and `password` are alike. */
export const fold = (password: string): string =>
  password.toLowerCase().replace(/[01!|l234@5$7+8]/g, (character) => lookalikes[character] as string)

/**
 * Common passwords, folded, one a line, the commonest first. One text, searched from the first: as zxcvbn's words and tables they take
 * 16 MB of memory, and it takes 30 ms of the event loop for a password that is made for that. Not a Buffer: `includes` of one ends
 * the process where a pair of surrogates was cut.
 */
const listed = readFileSync(new URL('common-passwords.txt', import.meta.url), 'latin1')
const lengthOfOne = 8

/** A password has to be worth more guesses: what somebody gets through who must ask us each time, by zxcvbn's measure. */
const guesses = 500_000
const longestAffix = Math.floor(Math.log10(guesses))

/**
 * Whether a password is a common one, but for capitals and lookalikes, and for some characters before or after it: ten times the guesses
 * for each, so that the commonest may not have five, and the others not one.
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
