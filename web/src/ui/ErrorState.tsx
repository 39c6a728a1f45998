import { inWords } from '../api/problem.ts'
import { Button } from './Button.tsx'
import { Icon } from './Icon.tsx'
import './state.css'

/** Stands where something could not be loaded, says why, and tries again when asked. */
export function ErrorState({ what, error, retry }: { what: string; error: unknown; retry: () => void }) {
  return (
    <div className="state" role="alert">
      <Icon name="alert" size={36} />
      <h2>{what} could not be loaded</h2>
      <p className="soft">{inWords(error)}</p>
      <Button onClick={retry}>Try again</Button>
    </div>
  )
}
