const heading = () => document.querySelector<HTMLElement>('h1')
const rowOf = (id: string) => document.querySelector(`[data-id="${CSS.escape(id)}"]`)

/** Before a focused row is removed, moves the focus to a neighbour's button or to the heading. */
export function leaveRow(id: string): void {
  const row = rowOf(id)
  if (!row?.contains(document.activeElement)) return
  const buttonOf = (other: Element | null) => other?.querySelector('button')
  const target = buttonOf(row.nextElementSibling) ?? buttonOf(row.previousElementSibling) ?? heading()
  target?.focus({ preventScroll: true })
}

/** Before all buttons of this page are removed. */
export function leaveBody(): void {
  if (document.activeElement?.closest('.account-body')) heading()?.focus({ preventScroll: true })
}
