import type { Strength } from './password-rules.ts'

const words = { weak: 'Weak', fair: 'Fair', strong: 'Strong' } as const

/** Three bars and a word. Screen readers announce the word when it changes. */
export function PasswordStrength({ strength }: { strength: Strength | undefined }) {
  return (
    <div className="strength" data-strength={strength ?? 'none'}>
      <div className="strength-bars" aria-hidden="true">
        <i />
        <i />
        <i />
      </div>
      <p role="status">{strength && `Strength: ${words[strength]}`}</p>
    </div>
  )
}
