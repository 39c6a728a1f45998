import { useEffect, useState } from 'react'
import { Button } from '../ui/Button.tsx'

interface Props {
  label: string
  busyLabel: string
  pending: boolean
  /** When the server listens again, in milliseconds since 1970. */
  until: number
  kind?: 'main' | 'danger'
}

const secondsTo = (until: number) => Math.max(0, Math.ceil((until - Date.now()) / 1000))

/** Stays focusable while it waits, so that the focus is not lost; it only does nothing then. */
export function SubmitButton({ label, busyLabel, pending, until, kind = 'main' }: Props) {
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
    <Button type="submit" kind={kind} aria-disabled={pending || left > 0}>
      {pending ? busyLabel : left > 0 ? `Wait ${left} s` : label}
    </Button>
  )
}
