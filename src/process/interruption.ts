import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

interface Emitter {
  on: (signal: (typeof signals)[number], listener: () => void) => unknown
}

/**
 * From this call on, Ctrl+C and other signals to end do not end the process, which asks between two steps instead: the
 * exit code of the first signal, as shells give it, once one came. Further ones change nothing, because npm repeats them.
 */
export function watchSignals(emitter: Emitter = process): () => number | undefined {
  let code: number | undefined
  for (const signal of signals)
    emitter.on(signal, () => {
      code ??= 128 + constants.signals[signal]
    })
  return () => code
}
