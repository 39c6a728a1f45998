import { createStore } from '../store.ts'

interface Clearing {
  done: number
  of: number
}

/** The deletion of all completed tasks that is under way. */
const clearing = createStore<Clearing | undefined>(undefined)
let stopped = false

export const useClearing = clearing.use
export const isClearing = () => clearing.get() !== undefined
export const isStopped = () => stopped
export const stopClearing = () => {
  stopped = true
}
export function startClearing(of: number): void {
  stopped = false
  clearing.set({ done: 0, of })
}
export const showCleared = (done: number, of: number) => clearing.set({ done, of })
export const endClearing = () => clearing.set(undefined)
