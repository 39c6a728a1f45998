import { useState } from 'react'
import { changeName } from '../api/account.ts'
import { queries } from '../api/queries.ts'
import type { User } from '../api/types.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { faults, needed } from '../forms/faults.ts'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { say } from '../ui/notices.ts'
import { profileKey } from './profile-key.ts'

const maxName = 100

const nameFault = (name: string) =>
  [...name].length > maxName ? `Must be at most ${maxName} characters.` : needed(name, 'Enter a name.')

export function NameForm({ user }: { user: User }) {
  const [typed, setTyped] = useState(user.name)
  const unchanged = typed.trim() === user.name
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'name').trim(),
    check: (name) => faults({ name: nameFault(name) }),
    async send(name) {
      if (name === user.name) return
      queries.setQueryData(profileKey, await changeName(name))
      say('Your name was changed.')
    }
  })
  return (
    <form className="form sheet card account-form" aria-label="Change your name" {...form}>
      <Field
        name="name"
        label="Name"
        dir="auto"
        autoComplete="name"
        required
        defaultValue={user.name}
        error={errors.name}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <FormMessage text={message} />
      <div>
        <SubmitButton label="Change name" busyLabel="Changing…" unchanged={unchanged} {...button} />
      </div>
    </form>
  )
}
