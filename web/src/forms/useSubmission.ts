import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { fieldMessages, inWords, secondsToWait } from '../api/problem.ts'
import { useOnReturn } from '../shell/useOnline.ts'

export type FieldMessages = Record<string, ReactNode>

interface Options<Values> {
  /** Converts the form's fields into the request. */
  read: (form: FormData) => Values
  /** Checks before sending; the server has the last word. */
  check?: (values: Values) => FieldMessages
  send: (values: Values, form: HTMLFormElement) => Promise<void>
  /** Assigns a problem without pointers to a field. */
  explain?: (error: unknown) => FieldMessages | undefined
}

/**
 * Runs a form: one submission at a time. Errors appear at their fields until they change, and the first such field gets
 * the focus.
 */
export function useSubmission<Values>({ read, check, send, explain }: Options<Values>) {
  const form = useRef<HTMLFormElement>(null)
  const [pending, setPending] = useState(false)
  const [errors, setErrors] = useState<FieldMessages>({})
  const [refusals, setRefusals] = useState(0)
  const [problem, setProblem] = useState<unknown>()
  const [until, setUntil] = useState(0)
  useOnReturn(() => setProblem(undefined))

  useEffect(() => {
    if (refusals > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [refusals])

  function show(found: FieldMessages) {
    setErrors(found)
    setRefusals((count) => count + 1)
  }

  function refuse(error: unknown) {
    const known = explain?.(error) ?? fieldMessages(error)
    const shown = Object.entries(known).filter(([name]) => form.current?.elements.namedItem(name))
    show(Object.fromEntries(shown))
    setProblem(shown.length > 0 ? undefined : error)
    setUntil(Date.now() + secondsToWait(error) * 1000)
  }

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    if (pending || Date.now() < until) return
    const element = event.currentTarget
    const values = read(new FormData(element))
    const found = check?.(values) ?? {}
    show(found)
    setProblem(undefined)
    if (Object.keys(found).length > 0) return
    setPending(true)
    await send(values, element).catch(refuse)
    setPending(false)
  }

  function onInput({ target }: FormEvent<HTMLFormElement>) {
    const { name } = target as HTMLInputElement
    if (name in errors) setErrors(Object.fromEntries(Object.entries(errors).filter(([other]) => other !== name)))
    if (Date.now() >= until) setProblem(undefined)
  }

  return {
    form: { ref: form, onSubmit, onInput, noValidate: true },
    errors,
    message: inWords(problem),
    button: { pending, until }
  }
}

/** The value of a text field; a file or a missing field counts as empty. */
export function text(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
