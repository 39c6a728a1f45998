import type { User } from './api.ts'

export interface Access {
  token: string
  /** When it was got, and when it ends: milliseconds since 1970. */
  since: number
  until: number
  userId: string
}

/** Why one is no longer logged in: by one's own will, or because the session is over. */
export type Why = 'logout' | 'ended'

/** What tabs tell each other. It goes from memory to memory and is never stored. */
export type Message =
  | { type: 'in'; access: Access; user: User }
  | { type: 'out'; why: Why; at: number }
  | { type: 'user'; user: User }
  | { type: 'ask' }
  | { type: 'answer'; access: Access; user: User }

/** The other tabs of this origin that talk to the same API. Where a browser has no BroadcastChannel, there are none. */
export function createTabs(name: string, hear: (message: Message) => void) {
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : undefined
  if (channel) channel.onmessage = ({ data }: { data: Message }) => hear(data)

  return {
    tell: (message: Message) => channel?.postMessage(message),
    close: () => channel?.close(),

    /**
     * Runs `work` while no other tab runs any. `waited` tells whether another one did just before, and so may have
     * what `work` wants. Without Web Locks (a page that is neither TLS nor localhost) it runs at once.
     */
    async exclusively<T>(work: (waited: boolean) => Promise<T>): Promise<T> {
      const locks = globalThis.navigator?.locks
      if (!locks) return work(false)
      const first = await locks.request(
        name,
        { ifAvailable: true },
        async (lock) => lock && { done: await work(false) }
      )
      return first ? first.done : locks.request(name, () => work(true))
    }
  }
}

export type Tabs = ReturnType<typeof createTabs>
