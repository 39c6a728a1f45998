import { useState } from 'react'
import { Button } from '../ui/Button.tsx'

const isLong = (text: string) => text.length > 240 || text.split('\n', 5).length > 4

/** Plain text; a long one is collapsed until opened. */
export function Description({ text, of }: { text: string; of: string }) {
  const [open, setOpen] = useState(false)
  const long = isLong(text)
  return (
    <div className="description">
      <p dir="auto" className={long && !open ? 'clamped' : ''}>
        {text}
      </p>
      {long && (
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
