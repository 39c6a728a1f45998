import { useEffect, useState } from 'react'
import { Button } from '../ui/Button.tsx'

interface Props {
  label: string
  busyLabel: string
  pending: boolean
  /** When the server accepts requests again, in milliseconds since 1970. */
  until: number
  kind?: 'main' | 'danger'
}

const secondsTo = (until: number) => Math.max(0, Math.ceil((until - Date.now()) / 1000))

/** While waiting it stays focusable, so that the focus is not lost, but does nothing. */
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
