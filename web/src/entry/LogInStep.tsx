import { useState } from 'react'
import { hasCode } from '../api/problem.ts'
import type { logIn } from '../api/session.ts'
import { Button } from '../ui/Button.tsx'
import CheckMailPage from './CheckMailPage.tsx'
import { SecondFactorPage } from './SecondFactorPage.tsx'

export interface LogInStepProps {
  values: Parameters<typeof logIn>[0]
  /** Why the right password was not enough. */
  problem: unknown
  onBack: () => void
}

/** What follows after the password: a second factor, or an address to confirm. */
export default function LogInStep({ values, problem, onBack }: LogInStepProps) {
  const [next, setNext] = useState(problem)
  if (hasCode(next, 'second_factor_required')) return <SecondFactorPage problem={next} onBack={onBack} />
  return (
    <CheckMailPage {...values} links={<Button onClick={onBack}>Back to signing in</Button>} onSecondFactor={setNext}>
      Your address is not confirmed yet.
    </CheckMailPage>
  )
}
