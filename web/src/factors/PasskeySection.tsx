import { useState } from 'react'
import { deviceOf } from '../account/device.ts'
import type { Passkey } from '../api/types.ts'
import { say } from '../ui/notices.ts'
import { PasskeyButton } from './PasskeyButton.tsx'
import { DeletePasskey, RenamePasskey } from './PasskeyDialogs.tsx'
import { PasskeyRow } from './PasskeyRow.tsx'
import { canUsePasskeys, createPasskey } from './passkeys.ts'
import { followFactors } from './useFactors.ts'

interface Props {
  passkeys: readonly Passkey[]
  /** Whether there is another second factor. */
  totp: boolean
  /** Recovery codes come with the first second factor. */
  onCodes: (codes: readonly string[]) => void
}

/** The passkeys of the account: adds, names and deletes them. */
export function PasskeySection({ passkeys, totp, onCodes }: Props) {
  const [renamed, setRenamed] = useState<Passkey>()
  const [deleted, setDeleted] = useState<Passkey>()

  async function add() {
    const { recovery_codes } = await createPasskey(deviceOf(navigator.userAgent).name)
    say('Your passkey was added.')
    if (recovery_codes) onCodes(recovery_codes)
    await followFactors()
  }

  return (
    <section className="sheet card stack" aria-labelledby="passkeys-heading">
      <h2 id="passkeys-heading">Passkeys</h2>
      <p>Sign in with your fingerprint, your face or the PIN of your device, without a password or a code.</p>
      {passkeys.length > 0 && (
        <ul className="wide" aria-label="Passkeys">
          {passkeys.map((passkey) => (
            <PasskeyRow
              key={passkey.id}
              passkey={passkey}
              onRename={() => setRenamed(passkey)}
              onDelete={() => setDeleted(passkey)}
            />
          ))}
        </ul>
      )}
      {canUsePasskeys() ? (
        <PasskeyButton label="Add a passkey" act={add} />
      ) : (
        <p className="soft">Your browser cannot add passkeys here.</p>
      )}
      {renamed && <RenamePasskey passkey={renamed} onClose={() => setRenamed(undefined)} />}
      {deleted && (
        <DeletePasskey
          passkey={deleted}
          isLast={!totp && passkeys.length === 1}
          onClose={() => setDeleted(undefined)}
        />
      )}
    </section>
  )
}
