import type { AuthResponse, User } from './api.ts'
import { type Access, createTabs, type Message, type Why } from './tabs.ts'

/** `unknown` until the server has answered. */
export type SessionState = { status: 'unknown' } | { status: 'in'; user: User } | { status: 'out'; why?: Why }

interface Options {
  name: string
  now: () => number
  onSignedOut: (why: Why) => void
}

export function createState({ name, now, onSignedOut }: Options) {
  let state: SessionState = { status: 'unknown' }
  let access: Access | undefined
  let outSince = 0
  const listeners = new Set<() => void>()
  const tabs = createTabs(name, hear)

  function become(next: SessionState): void {
    state = next
    for (const listener of [...listeners]) listener()
  }

  function enter(next: Access, user: User): void {
    access = next
    const same = state.status === 'in' && state.user.id === user.id && state.user.updated_at === user.updated_at
    become(same ? state : { status: 'in', user })
  }

  function leave(why: Why, at: number): void {
    const was = state.status
    access = undefined
    outSince = at
    if (was === 'out') return
    become(was === 'in' ? { status: 'out', why } : { status: 'out' })
    if (was === 'in') onSignedOut(why)
  }

  const live = () => (access && access.until > now() ? access : undefined)

  /** A delayed message may be older than the current state. */
  function hear(message: Message): void {
    const { type } = message
    const since = access?.since ?? 0
    if (type === 'in' && message.access.since > outSince && message.access.since >= since)
      enter(message.access, message.user)
    if (type === 'answer' && state.status !== 'out' && message.access.until > (access?.until ?? 0))
      enter(message.access, message.user)
    if (type === 'out' && message.at >= since) leave(message.why, message.at)
    if (state.status !== 'in') return
    if (type === 'user' && state.user.id === message.user.id) become({ status: 'in', user: message.user })
    const mine = live()
    if (type === 'ask' && mine) tabs.tell({ type: 'answer', access: mine, user: state.user })
  }

  return {
    tabs,
    state: () => state,
    access: () => access,
    live,
    subscribe(listener: () => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    adopt({ access_token: token, expires_in, user }: AuthResponse): User {
      const since = now()
      enter({ token, since, until: since + expires_in * 1000, userId: user.id }, user)
      if (access) tabs.tell({ type: 'in', access, user })
      return user
    },

    end(why: Why): void {
      const at = now()
      leave(why, at)
      tabs.tell({ type: 'out', why, at })
    },

    setUser(user: User): void {
      hear({ type: 'user', user })
      tabs.tell({ type: 'user', user })
    }
  }
}

export type State = ReturnType<typeof createState>
