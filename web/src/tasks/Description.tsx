import { useEffect, useRef, useState } from 'react'
import { Button } from '../ui/Button.tsx'

/** Plain text on as many lines as the row has; the rest on request. */
export function Description({ text, of }: { text: string; of: string }) {
  const [open, setOpen] = useState(false)
  const [cut, setCut] = useState(false)
  const shown = useRef<HTMLParagraphElement>(null)

  useEffect(() => {
    const { current } = shown
    if (!current || open) return
    const watcher = new ResizeObserver(() => setCut(current.scrollHeight > current.clientHeight))
    watcher.observe(current)
    return () => watcher.disconnect()
  }, [open])

  return (
    <div className="description">
      <p ref={shown} dir="auto" className={open ? '' : 'clamped'}>
        {text}
      </p>
      {(open || cut) && (
        <Button
          kind="quiet"
          aria-expanded={open}
          aria-label={`${open ? 'Less' : 'More'} of “${of}”`}
          onClick={() => setOpen(!open)}
        >
          {open ? 'Less' : 'More'}
        </Button>
      )}
    </div>
  )
}
