// In the browser's language, because a date in English does not tell its day from its month.
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const steps = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60]
] as const

const day = 86_400_000

export const isOlderThanADay = (at: string, now = Date.now()) => now - Date.parse(at) > day

export const exactTime = (at: string) => exact.format(new Date(at))

/** `3 days ago`; under a minute, `just now`. */
export function relativeTime(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000
  const step = steps.find(([, length]) => Math.abs(seconds) >= length)
  return step ? relative.format(Math.trunc(seconds / step[1]), step[0]) : 'just now'
}
