/** One sample: seconds since the start of the load, memory in MB. */
export interface Sample {
  seconds: number
  rss: number
  heap: number
  descriptors: number
  /** Connections of the pool, and requests that wait for one. */
  pool: number
  waiting: number
  requests: number
}

/** The growth of a value in 600 seconds, by a least-squares line. */
export function per10Minutes(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, s) => sum + of(s), 0) / samples.length
  const [x, y] = [mean(({ seconds }) => seconds), mean(value)]
  const above = samples.reduce((sum, s) => sum + (s.seconds - x) * (value(s) - y), 0)
  const below = samples.reduce((sum, s) => sum + (s.seconds - x) ** 2, 0)
  return (above / below) * 600
}

/** The difference between the maxima of the second and the first half, for values that follow the load. */
export function rise(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const half = samples.length / 2
  return Math.max(...samples.slice(half).map(value)) - Math.max(...samples.slice(0, half).map(value))
}
