import { notifyManager, QueryClient } from '@tanstack/react-query'

// Updates before the next frame, so that a ticked box never shows its old state in between.
notifyManager.setScheduler(queueMicrotask)

/** Server data with their freshness in milliseconds. Retries happen in the client. */
export const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 15_000, retry: false } }
})
