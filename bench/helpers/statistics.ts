export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export const extremes = (values: readonly number[]) => [Math.min(...values), Math.max(...values)]

export const median = (values: readonly number[]) => quantile(values, 0.5)

/**
 * The probability that a value of the second class is larger than one of the first, ties counting half (Mann-Whitney's
 * U divided by the number of pairs): 0.5 means no difference.
 */
export function auc(first: readonly number[], second: readonly number[]): number {
  const all = [...first.map((value) => ({ value, rank: 0 })), ...second.map((value) => ({ value, rank: 1 }))]
  all.sort((a, b) => a.value - b.value)
  let [below, sum] = [0, 0]
  for (let from = 0; from < all.length; ) {
    let to = from
    while (to < all.length && all[to]?.value === all[from]?.value) to += 1
    const tied = all.slice(from, to)
    const ofSecond = tied.filter(({ rank }) => rank === 1).length
    sum += ofSecond * (below + (tied.length - ofSecond) / 2)
    below += tied.length - ofSecond
    from = to
  }
  return sum / (first.length * second.length)
}

export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
