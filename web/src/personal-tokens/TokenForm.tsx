import type { MadePersonalToken, NewPersonalToken } from '@gatehouse/client'
import { useId } from 'react'
import { makeToken } from '../api/personal-tokens.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { Icon } from '../ui/Icon.tsx'
import { offered } from './scopes.ts'

const lives = [
  [7, '7 days'],
  [30, '30 days'],
  [90, '90 days'],
  [365, '1 year']
] as const
const maxName = 100

/** Makes a token. */
export function TokenForm({ onMade }: { onMade: (made: MadePersonalToken) => void }) {
  const id = useId()
  const { form, button, errors, message } = useSubmission({
    read: (data) => ({
      name: text(data, 'name').trim(),
      scopes: data.getAll('scopes') as NewPersonalToken['scopes'],
      expires_in_days: Number(text(data, 'expires_in_days'))
    }),
    check: ({ name, scopes }) =>
      faults({
        name: needed(name, 'Enter a name.'),
        scopes: scopes.length > 0 ? undefined : 'Choose what the program may do.'
      }),
    send: async (values) => onMade(await makeToken(values))
  })
  return (
    <form className="form sheet card account-form" aria-labelledby={`${id}-heading`} {...form}>
      <h2 id={`${id}-heading`}>New access token</h2>
      <Field
        name="name"
        label="Name"
        dir="auto"
        required
        maxLength={maxName}
        autoComplete="off"
        hint="For what you use it, such as “Backup script”."
        error={errors.name}
      />
      <fieldset className="field">
        <legend>What the program may do</legend>
        {offered.map(([scope, label]) => (
          <label key={scope} className="choice">
            <input
              type="checkbox"
              name="scopes"
              value={scope}
              aria-invalid={Boolean(errors.scopes)}
              aria-describedby={errors.scopes ? `${id}-scopes` : undefined}
            />
            {label}
          </label>
        ))}
        {errors.scopes && (
          <p id={`${id}-scopes`} className="field-error">
            <Icon name="alert" size={18} />
            <span>{errors.scopes}</span>
          </p>
        )}
      </fieldset>
      <div className="field">
        <label htmlFor={`${id}-life`}>Expires after</label>
        <select id={`${id}-life`} className="text-box" name="expires_in_days" defaultValue={30}>
          {lives.map(([days, label]) => (
            <option key={days} value={days}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <FormMessage text={message} />
      <div>
        <SubmitButton label="Create token" busyLabel="Creating…" {...button} />
      </div>
    </form>
  )
}
