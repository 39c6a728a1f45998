const heading = () => document.querySelector<HTMLElement>('h1')
const rowOf = (id: string) => document.querySelector(`[data-id="${CSS.escape(id)}"]`)

/** Before a row with the focus goes: gives it to the button of the next row or of the one before, or to the heading. */
export function leaveRow(id: string): void {
  const row = rowOf(id)
  if (!row?.contains(document.activeElement)) return
  const buttonOf = (other: Element | null) => other?.querySelector('button')
  const target = buttonOf(row.nextElementSibling) ?? buttonOf(row.previousElementSibling) ?? heading()
  target?.focus({ preventScroll: true })
}

/** Before every button of this page goes. */
export function leaveBody(): void {
  if (document.activeElement?.closest('.account-body')) heading()?.focus({ preventScroll: true })
}
