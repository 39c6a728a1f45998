import { useIsMutating } from '@tanstack/react-query'
import { Icon } from '../ui/Icon.tsx'
import { say, withdrawOutage } from '../ui/notices.ts'
import { useOnline, useOnReturn } from './useOnline.ts'

/** Announces when the network is lost, and when it is back. */
export function ConnectionBanner() {
  const online = useOnline()
  const waiting = useIsMutating()

  useOnReturn(() => {
    withdrawOutage()
    say('You are back online.')
  })

  return (
    <div role="status">
      {!online && (
        <p className="banner">
          <Icon name="offline" />
          <span>
            You are offline.{' '}
            {waiting > 0
              ? 'Keep this page open. Your changes are sent when you are back online.'
              : 'This page may be out of date.'}
          </span>
        </p>
      )}
    </div>
  )
}
