import type { Task } from '../../schemas/tasks.ts'
import { gramsOf } from './task-grams.ts'

/*
 * What is stored beside a task's texts to sort and find them. It is computed here, not by the database, whose locale and engine
 * would decide: PostgreSQL in the locale C lower-cases ASCII only. Stored keys outlive a release: a change of one of
 * these functions needs a migration that sets `title_search` to null.
 */

/** Text as searches compare it: NFKC_Casefold (Unicode, UAX #44), so letters in either case, composed or not, of full width. */
export const fold = (text: string): string =>
  text
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .replaceAll('\u03c2', '\u03c3')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC')

const separator = '\u0001'
/** Bytes: an entry of a PostgreSQL index takes 2,704. */
const longestKey = 1_000

/** Letters that Unicode does not decompose, as dictionaries file them. */
const filedAs: Record<string, string> = {
  '\u00e6': 'ae',
  '\u0153': 'oe',
  '\u00f8': 'o',
  '\u0142': 'l',
  '\u0111': 'd',
  '\u00f0': 'd',
  '\u0127': 'h'
}

/** Accents of Latin and Greek letters, and of the Cyrillic letter io; elsewhere a mark makes another letter. */
const accents = /(?<=[\p{Script=Latin}\p{Script=Greek}\u0435])[\u0300-\u036f]+/gu

const withoutAccents = (folded: string) =>
  folded
    .normalize('NFD')
    .replace(accents, '')
    .replace(/[\u00e6\u0153\u00f8\u0142\u0111\u00f0\u0127]/g, (letter) => filedAs[letter] as string)
    .normalize('NFC')

/** A number that sorts by its value: its digits, with how many there are before them (a 9 stands for nine and more). */
function sortableNumber(digits: string): string {
  const significant = digits.replace(/^0+/, '')
  const { length } = significant
  return '9'.repeat(Math.floor(length / 9)) + (length % 9) + significant
}

/** Where upper-case letters are, so that of two equal words the one in lower case comes first. */
const caseOf = (text: string) =>
  Array.from(text, (letter) => (letter === letter.toLowerCase() ? '0' : '1'))
    .join('')
    .replace(/0+$/, '')

function cut(key: string): string {
  const { read } = new TextEncoder().encodeInto(key, new Uint8Array(longestKey))
  return key.slice(0, read)
}

/**
 * A key whose code point order is the order of titles: letters first, whatever their case and accents, numbers by their value,
 * then accents, then case.
 */
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

/** Whether a task's title or description contains a folded text. */
export const contains = ({ title, description }: Pick<Task, 'title' | 'description'>, folded: string): boolean =>
  fold(title).includes(folded) || (description !== null && fold(description).includes(folded))

/** What is stored beside a title. */
export const titleKeys = (title: string) => ({ title_sort: titleSort(title), title_search: fold(title) })

/** What is stored beside a description. */
export const descriptionKeys = (description: string | null) => ({ description_grams: gramsOf(fold(description ?? '')) })
