import { onlineManager } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'

const subscribe = (listener: () => void) => onlineManager.subscribe(listener)

/** Whether the browser has a network. While it has none, reads and changes wait and go on by themselves after. */
export const useOnline = () => useSyncExternalStore(subscribe, () => onlineManager.isOnline())
