import { readFileSync } from 'node:fs'

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

export const fold = (password: string): string =>
  password.toLowerCase().replace(/[01!|l234@5$7+8]/g, (character) => lookalikes[character] as string)

// The most common first. One string: zxcvbn's dictionaries take 16 MB, and a crafted password takes them 30 ms. No Buffer:
// Buffer.includes() aborts the process on a lone surrogate.
const listed = readFileSync(new URL('common-passwords.txt', import.meta.url), 'latin1')
const lengthOfOne = 8

// That a password must withstand online, by zxcvbn's estimate.
const guesses = 500_000
const longestAffix = Math.floor(Math.log10(guesses))

/** Whether a password is a common one, also with a few characters before or after it: each counts as ten times the guesses. */
export function isCommon(password: string): boolean {
  const folded = fold(password)
  for (let affix = 0; affix <= longestAffix; affix += 1) {
    const among = listed.slice(0, (guesses / 10 ** affix) * lengthOfOne)
    for (let before = 0; before <= affix; before += 1)
      if (among.includes(`\n${folded.slice(before, folded.length - affix + before)}\n`)) return true
  }
  return false
}
