import { exactTime, relativeTime } from './time.ts'

/** A moment as people say it, with the exact one at hand. */
export function RelativeTime({ at }: { at: string }) {
  return (
    <time dateTime={at} title={exactTime(at)}>
      {relativeTime(at)}
    </time>
  )
}
