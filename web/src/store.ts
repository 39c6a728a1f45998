import { useSyncExternalStore } from 'react'

/** A value outside React that components subscribe to. Values are replaced, never changed in place. */
export function createStore<Value>(initial: Value) {
  let value = initial
  const listeners = new Set<() => void>()
  const get = () => value

  function subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  function set(next: Value): void {
    value = next
    for (const listener of listeners) listener()
  }

  return { get, set, use: () => useSyncExternalStore(subscribe, get) }
}
