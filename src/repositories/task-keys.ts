import type { Task } from '../../schemas/tasks.ts'
import { gramsOf } from './task-grams.ts'

// Keys for sorting and searching tasks. They are computed here, because the database's locale would change the result: in the
// locale C, PostgreSQL lower-cases only ASCII. Changing one of these functions needs a migration that sets `title_search` to
// null.

/** Folds text for searching by NFKC_Casefold (Unicode, UAX #44): case, composition and width do not matter. */
export const fold = (text: string): string =>
  /^\p{ASCII}*$/u.test(text)
    ? text.toLowerCase()
    : text
        .normalize('NFKC')
        .toUpperCase()
        .toLowerCase()
        .replaceAll('\u03c2', '\u03c3')
        .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
        .normalize('NFKC')

const separator = '\u0001'
/** Bytes. An entry of a PostgreSQL index takes at most 2,704. */
const longestKey = 1_000

/** Letters that Unicode does not decompose, with the letters they sort as. */
const filedAs: Record<string, string> = {
  '\u00e6': 'ae',
  '\u0153': 'oe',
  '\u00f8': 'o',
  '\u0142': 'l',
  '\u0111': 'd',
  '\u00f0': 'd',
  '\u0127': 'h'
}

/** Accents of Latin and Greek letters, and of the Cyrillic letter io. In other scripts a mark makes another letter. */
const accents = /(?<=[\p{Script=Latin}\p{Script=Greek}\u0435])[\u0300-\u036f]+/gu

const withoutAccents = (folded: string) =>
  folded
    .normalize('NFD')
    .replace(accents, '')
    .replace(/[\u00e6\u0153\u00f8\u0142\u0111\u00f0\u0127]/g, (letter) => filedAs[letter] as string)
    .normalize('NFC')

/** Makes a number sort by value: prefixes its digits with their count (each 9 continues the count). */
function sortableNumber(digits: string): string {
  const significant = digits.replace(/^0+/, '')
  const { length } = significant
  return '9'.repeat(Math.floor(length / 9)) + (length % 9) + significant
}

// Among equal words the lower-case one comes first.
const caseOf = (text: string) =>
  text
    .replace(/\P{Changes_When_Lowercased}/gu, '0')
    .replace(/[^0]/gu, '1')
    .replace(/0+$/, '')

function cut(key: string): string {
  // A UTF-16 unit takes at most three bytes.
  if (key.length * 3 <= longestKey) return key
  const { read } = new TextEncoder().encodeInto(key, new Uint8Array(longestKey))
  return key.slice(0, read)
}

/** Returns a key whose code point order is the order of titles: letters, numbers by value, then accents, then case. */
export function titleSort(title: string): string {
  const folded = fold(title).replace(/[\s\p{Cc}]+/gu, ' ')
  const letters = withoutAccents(folded)
  const levels = [
    letters.replace(/\d+/g, sortableNumber),
    letters === folded ? '' : folded,
    caseOf(title.normalize('NFKC'))
  ]
  while (levels.at(-1) === '') levels.pop()
  return cut(levels.join(separator))
}

export const contains = ({ title, description }: Pick<Task, 'title' | 'description'>, folded: string): boolean =>
  fold(title).includes(folded) || (description !== null && fold(description).includes(folded))

export const titleKeys = (title: string) => ({ title_sort: titleSort(title), title_search: fold(title) })

export const descriptionKeys = (description: string | null) => ({ description_grams: gramsOf(fold(description ?? '')) })
