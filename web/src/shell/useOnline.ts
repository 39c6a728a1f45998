import { onlineManager } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'

const subscribe = (listener: () => void) => onlineManager.subscribe(listener)

/** Whether the browser is online. While it is offline, requests are paused. */
export const useOnline = () => useSyncExternalStore(subscribe, () => onlineManager.isOnline())

/** Calls back when the browser is online again. */
export function useOnReturn(act: () => void): void {
  const onReturn = useEffectEvent((online: boolean) => online && act())
  useEffect(() => onlineManager.subscribe((online) => void onReturn(online)), [])
}
