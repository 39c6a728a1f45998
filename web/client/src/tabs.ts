import type { User } from './api.ts'

export interface Access {
  token: string
  since: number
  until: number
  userId: string
}

/** Why the user is signed out: by choice, or because the session ended. */
export type Why = 'logout' | 'ended'

export type Message =
  | { type: 'in'; access: Access; user: User }
  | { type: 'out'; why: Why; at: number }
  | { type: 'user'; user: User }
  | { type: 'ask' }
  | { type: 'answer'; access: Access; user: User }

/** Connects the tabs of this origin that use the same API. Without BroadcastChannel there are none. */
export function createTabs<M = Message>(name: string, hear: (message: M) => void) {
  let channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : undefined
  // In Node.js, which renders pages, the channel must not keep the process alive.
  ;(channel as { unref?: () => void } | undefined)?.unref?.()
  if (channel) channel.onmessage = ({ data }: { data: M }) => hear(data)

  return {
    tell: (message: M) => channel?.postMessage(message),
    close(): void {
      channel?.close()
      channel = undefined
    },

    /** Runs `work` in one tab at a time, if there are Web Locks (TLS or localhost). `waited`: another tab has just run it. */
    async exclusively<T>(work: (waited: boolean) => Promise<T>): Promise<T> {
      const locks = globalThis.navigator?.locks
      if (!locks) return work(false)
      let begun = false
      const begin = (waited: boolean) => {
        begun = true
        return work(waited)
      }
      try {
        const first = await locks.request(
          name,
          { ifAvailable: true },
          async (lock) => lock && { done: await begin(false) }
        )
        return first ? first.done : await locks.request(name, () => begin(true))
      } catch (error) {
        // A sandboxed page may not use locks: `request` rejects with a SecurityError.
        if (begun) throw error
        return work(false)
      }
    }
  }
}

export type Tabs = ReturnType<typeof createTabs>
