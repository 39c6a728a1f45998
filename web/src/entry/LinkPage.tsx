import { type ReactNode, useState } from 'react'
import { problemCode } from '../api/problem.ts'
import { FormMessage } from '../forms/FormMessage.tsx'
import { SubmitButton } from '../forms/SubmitButton.tsx'
import { useSubmission } from '../forms/useSubmission.ts'
import { EntryPage } from './EntryPage.tsx'
import { useMailToken } from './mail-token.ts'

interface View {
  title: string
  children: ReactNode
}

interface Props extends View {
  button: { label: string; busyLabel: string; kind?: 'main' | 'danger' }
  use: (token: string) => Promise<void>
  /** What is shown afterwards: `done`, or by the code of the problem. */
  results: { done: View; invalid_token: View; [code: string]: View }
}

/** The page of a mail's link. Only its button uses the link, because scanners of mails open links, too. */
export function LinkPage(props: Props) {
  const token = useMailToken()
  if (token) return <LinkForm key={token} token={token} {...props} />
  return (
    <EntryPage title="This link is incomplete">
      <p role="alert">Open the link of the mail again. If it is cut off, copy all of it into the address bar.</p>
    </EntryPage>
  )
}

function LinkForm({ token, title, children, button: texts, use, results }: Props & { token: string }) {
  const [result, setResult] = useState<View>()
  const { form, button, message } = useSubmission({
    read: () => token,
    async send(token) {
      try {
        await use(token)
        setResult(results.done)
      } catch (error) {
        const known = results[problemCode(error)]
        if (!known) throw error
        setResult(known)
      }
    }
  })

  if (result)
    return (
      <EntryPage title={result.title}>
        <div className="stack" role="alert">
          {result.children}
        </div>
      </EntryPage>
    )
  return (
    <EntryPage title={title}>
      {children}
      <form className="form" {...form}>
        <FormMessage text={message} />
        <SubmitButton {...texts} {...button} />
      </form>
    </EntryPage>
  )
}
