import { useQuery } from '@tanstack/react-query'
import { listTokens, tokensKey } from '../api/personal-tokens.ts'
import { queries } from '../api/queries.ts'

export const useTokens = () => useQuery({ queryKey: tokensKey, queryFn: ({ signal }) => listTokens(signal) })

/** After a change: it is an event, too. */
export const followTokens = (): Promise<unknown> =>
  Promise.all([tokensKey, ['activity']].map((queryKey) => queries.invalidateQueries({ queryKey })))
