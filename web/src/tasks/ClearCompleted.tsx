import { Suspense, useEffect, useRef, useState } from 'react'
import type { Task } from '../api/types.ts'
import { ClearDialog } from '../pages.ts'
import { Button } from '../ui/Button.tsx'
import { warn } from '../ui/notices.ts'
import { findCompleted } from './clear.ts'
import { stopClearing, useClearing } from './clearing.ts'
import { focusWhenFree } from './focus.ts'

function Progress({ done, of }: { done: number; of: number }) {
  const stop = useRef<HTMLButtonElement>(null)

  useEffect(() => {
    focusWhenFree(stop.current)
    return () => void requestAnimationFrame(() => focusWhenFree(document.querySelector<HTMLElement>('h1')))
  }, [])

  return (
    <div className="clear row">
      <progress aria-label="Deleting completed tasks" max={of} value={done} />
      <span>
        Deleting {done} of {of}…
      </span>
      <Button ref={stop} onClick={stopClearing}>
        Stop
      </Button>
    </div>
  )
}

/** Offers to delete all completed tasks; while that is under way, shows how far it is. */
export default function ClearCompleted() {
  const progress = useClearing()
  const [isLoading, setLoading] = useState(false)
  const [found, setFound] = useState<readonly Task[]>([])

  async function ask() {
    if (isLoading) return
    setLoading(true)
    await findCompleted().then(setFound, (error) => {
      warn('Your completed tasks could not be loaded.', error)
    })
    setLoading(false)
  }

  if (progress) return <Progress done={progress.done} of={progress.of} />
  return (
    <div className="clear row">
      <Button kind="quiet" aria-disabled={isLoading} onClick={() => void ask()}>
        Clear completed
      </Button>
      {found.length > 0 && (
        <Suspense>
          <ClearDialog tasks={found} onClose={() => setFound([])} />
        </Suspense>
      )}
    </div>
  )
}
