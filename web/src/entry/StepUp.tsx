import { Suspense, useEffect, useState } from 'react'
import { useSession } from '../api/session.ts'
import { StepUpDialog } from '../pages.ts'
import { useStepUp } from './step-up.ts'

/** The place of the dialog that asks for the password again, on every page. */
export function StepUp() {
  const answer = useStepUp()
  return answer && <Question answer={answer} />
}

function Question({ answer }: { answer: (isConfirmed: boolean) => void }) {
  const userId = useSession().user?.id
  const [asked] = useState(userId)

  // Who has signed out meanwhile, in another tab, is not asked any longer.
  useEffect(() => {
    if (userId === undefined || userId !== asked) answer(false)
  }, [answer, asked, userId])

  return (
    <Suspense>
      <StepUpDialog answer={answer} />
    </Suspense>
  )
}
