import { changeName } from '../api/account.ts'
import { queries } from '../api/queries.ts'
import type { User } from '../api/types.ts'
import { Field } from '../forms/Field.tsx'
import { FormMessage } from '../forms/FormMessage.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { text, useSubmission } from '../forms/useSubmission.ts'
import { say } from '../ui/notices.ts'
import { profileKey } from './profile-key.ts'

const maxName = 100

function check(name: string): Record<string, string> {
  if (name.trim() === '') return { name: 'Enter a name.' }
  if ([...name].length > maxName) return { name: `Must be at most ${maxName} characters.` }
  return {}
}

export function NameForm({ user }: { user: User }) {
  const { form, button, errors, message } = useSubmission({
    read: (data) => text(data, 'name'),
    check,
    async send(name) {
      queries.setQueryData(profileKey, await changeName(name))
      say('Your name was changed.')
    }
  })
  return (
    <form className="form sheet card" aria-label="Change your name" {...form}>
      <Field
        name="name"
        label="Name"
        dir="auto"
        autoComplete="name"
        required
        defaultValue={user.name}
        error={errors.name}
      />
      <FormMessage text={message} />
      <div>
        <SubmitButton label="Change name" busyLabel="Changing…" {...button} />
      </div>
    </form>
  )
}
