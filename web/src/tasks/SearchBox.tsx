import { useEffect, useEffectEvent, useId, useRef, useState } from 'react'
import { Icon } from '../ui/Icon.tsx'

/** Debounce time in milliseconds. */
const rest = 250
const maxLength = 200

interface Props {
  q: string
  /** For screen readers. */
  label: string
  onSearch: (q: string) => void
}

/** Searches while typing. */
export function SearchBox({ q, label, onSearch }: Props) {
  const id = useId()
  const [text, setText] = useState(q)
  const asked = useRef(q)
  const search = useEffectEvent((wanted: string) => {
    asked.current = wanted
    onSearch(wanted)
  })

  useEffect(() => {
    // The address changed otherwise: by the back button, or by "show all".
    if (q !== asked.current) setText(q)
    asked.current = q
  }, [q])

  useEffect(() => {
    const wanted = text.trim()
    if (wanted === asked.current) return
    const timer = setTimeout(() => search(wanted), rest)
    return () => clearTimeout(timer)
  }, [text])

  return (
    <search className="search">
      <label htmlFor={id} className="visually-hidden">
        {label}
      </label>
      <Icon name="search" />
      <input
        id={id}
        type="search"
        className="text-box"
        dir="auto"
        placeholder="Search"
        autoComplete="off"
        maxLength={maxLength}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </search>
  )
}
