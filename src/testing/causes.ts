/** Counts faults by their cause, and keeps an example of each. */
export function countCauses() {
  const causes = new Map<string, { shown: string; example: string; count: number }>()
  return {
    /** `cause` is the same for faults that are mended together; `shown` is its text in the list. */
    add(cause: string, example: string, shown = cause): void {
      const known = causes.get(cause)
      if (known) known.count += 1
      else causes.set(cause, { shown, example, count: 1 })
    },

    list: (): string[] =>
      [...causes.values()].map(({ shown, example, count }) =>
        count === 1 ? `${shown}, for ${example}` : `${shown}, ${count} times, for example ${example}`
      )
  }
}
