import { Suspense, useEffect, useState } from 'react'
import { ShortcutsDialog } from '../pages.ts'
import { Button } from '../ui/Button.tsx'
import { Icon } from '../ui/Icon.tsx'
import { isShortcut, useShortcutsInUse } from './shortcuts.ts'

const focus = (selector: string) => document.querySelector<HTMLElement>(selector)?.focus()

/** The page's keys, and a button that lists them. */
export function Shortcuts() {
  const [isListed, setListed] = useState(false)
  const inUse = useShortcutsInUse()

  useEffect(() => {
    if (!inUse) return
    const actions: Record<string, () => void> = {
      '/': () => focus('.search input'),
      n: () => focus('.add-task input'),
      '?': () => setListed(true)
    }
    function onKeyDown(event: KeyboardEvent) {
      const act = actions[event.key]
      if (!act || !isShortcut(event)) return
      event.preventDefault()
      act()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [inUse])

  return (
    <>
      <Button kind="quiet" className="shortcuts" onClick={() => setListed(true)}>
        <Icon name="keyboard" />
        Keyboard shortcuts
      </Button>
      {isListed && (
        <Suspense>
          <ShortcutsDialog onClose={() => setListed(false)} />
        </Suspense>
      )}
    </>
  )
}
