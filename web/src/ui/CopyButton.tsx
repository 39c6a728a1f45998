import { Button } from './Button.tsx'
import { say, warn } from './notices.ts'

interface Props {
  text: string
  label: string
}

/** Absent where the page may not use the clipboard, as without TLS. */
export function CopyButton({ text, label }: Props) {
  if (!('clipboard' in navigator)) return null
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => say('Copied.'),
      () => warn('Nothing was copied: the browser does not allow it.')
    )
  return <Button onClick={() => void copy()}>{label}</Button>
}
