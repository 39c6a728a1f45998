import { useEffect, useState } from 'react'
import { Button } from '../ui/Button.tsx'

interface Props {
  label: string
  busyLabel: string
  pending: boolean
  /** When the server accepts requests again, in milliseconds since 1970. */
  until: number
  /** Nothing to send yet. */
  unchanged?: boolean
  kind?: 'main' | 'plain' | 'danger'
}

/** `14:53` */
const clock = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
const secondsTo = (until: number) => Math.max(0, Math.ceil((until - Date.now()) / 1000))

/** While waiting it stays focusable, so that the focus is not lost, but does nothing. */
export function SubmitButton({ label, busyLabel, pending, until, unchanged = false, kind = 'main' }: Props) {
  const [left, setLeft] = useState(0)

  useEffect(() => {
    setLeft(secondsTo(until))
    if (secondsTo(until) === 0) return
    const timer = setInterval(() => {
      setLeft(secondsTo(until))
      if (secondsTo(until) === 0) clearInterval(timer)
    }, 1000)
    return () => clearInterval(timer)
  }, [until])

  return (
    <Button type="submit" kind={kind} aria-disabled={pending || left > 0 || unchanged}>
      {pending ? busyLabel : left > 0 ? `Try again in ${clock(left)}` : label}
    </Button>
  )
}
