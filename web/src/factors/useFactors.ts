import { useQuery } from '@tanstack/react-query'
import { factorsKey, getFactors } from '../api/factors.ts'
import { queries } from '../api/queries.ts'

export const useFactors = () => useQuery({ queryKey: factorsKey, queryFn: ({ signal }) => getFactors(signal) })

/** After a change of the factors: other sessions may have ended, and it is an event. */
export function followFactors(): Promise<unknown> {
  return Promise.all(
    [factorsKey, ['passkeys'], ['sessions'], ['activity']].map((queryKey) => queries.invalidateQueries({ queryKey }))
  )
}
