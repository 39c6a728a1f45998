import { exactTime, relativeTime } from './time.ts'

/** A relative time, with the exact time as a tooltip. */
export function RelativeTime({ at }: { at: string }) {
  return (
    <time dateTime={at} title={exactTime(at)}>
      {relativeTime(at)}
    </time>
  )
}
