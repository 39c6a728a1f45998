import { type ReactNode, useEffect, useId, useRef } from 'react'
import './dialog.css'

interface Props {
  title: string
  /** Called after it has closed, by its buttons or by Escape. */
  onClose: () => void
  children: (close: () => void) => ReactNode
}

/** A modal dialog. The browser keeps the focus inside, and returns it afterwards. */
export function Dialog({ title, onClose, children }: Props) {
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])

  return (
    <dialog ref={dialog} className="dialog sheet" aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      {children(() => dialog.current?.close())}
    </dialog>
  )
}
