import { type ReactNode, Suspense } from 'react'
import { inWords, isForbidden } from '../api/problem.ts'
import { OtherAccount } from '../pages.ts'
import { Button } from './Button.tsx'
import { Icon } from './Icon.tsx'
import './state.css'

interface Props {
  what: string
  error: unknown
  retry: () => void
  children?: ReactNode
}

/** Shown where something could not be loaded, with the reason and a retry button. */
export function ErrorState({ what, error, retry, children }: Props) {
  if (isForbidden(error))
    return (
      <Suspense>
        <OtherAccount />
      </Suspense>
    )
  return (
    <div className="state" role="alert">
      <Icon name="alert" size={36} />
      <h2>{what} could not be loaded</h2>
      <p className="soft">{inWords(error)}</p>
      <Button onClick={retry}>Try again</Button>
      {children}
    </div>
  )
}
