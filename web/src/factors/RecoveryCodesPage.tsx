import { useState } from 'react'
import { AccountPage } from '../account/AccountPage.tsx'
import { makeRecoveryCodes } from '../api/factors.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { useSubmission } from '../forms/useSubmission.ts'
import { useLocation } from '../router.tsx'
import { RecoveryCodes } from './RecoveryCodes.tsx'
import { followFactors } from './useFactors.ts'

/** Replaces the recovery codes. */
export default function RecoveryCodesPage() {
  const [, navigate] = useLocation()
  const [codes, setCodes] = useState<readonly string[]>()
  const { form, button, message } = useSubmission({
    read: () => undefined,
    async send() {
      setCodes(await makeRecoveryCodes())
      void followFactors()
    }
  })

  if (codes)
    return (
      <AccountPage title="Keep your recovery codes" intro="These replace your earlier codes.">
        <RecoveryCodes codes={codes} onKept={() => navigate('/security')} />
      </AccountPage>
    )
  return (
    <AccountPage title="New recovery codes">
      <form className="form sheet card" aria-label="New recovery codes" {...form}>
        <p>You get ten new codes. Your earlier codes stop working at once.</p>
        <FormMessage text={message} />
        <div>
          <SubmitButton label="Make new codes" busyLabel="Making them…" {...button} />
        </div>
      </form>
    </AccountPage>
  )
}
