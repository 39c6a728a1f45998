import { notifyManager, QueryClient } from '@tanstack/react-query'

// Before the next frame, so that a ticked box never shows its old state in between.
notifyManager.setScheduler(queueMicrotask)

/** What the server has said, for as long as it is fresh (milliseconds). The client itself tries reads again. */
export const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: 15_000, retry: false } }
})
