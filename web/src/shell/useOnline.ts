import { onlineManager } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'

const subscribe = (listener: () => void) => onlineManager.subscribe(listener)

/** Whether the browser is online. While it is offline, requests are paused. */
export const useOnline = () => useSyncExternalStore(subscribe, () => onlineManager.isOnline())
