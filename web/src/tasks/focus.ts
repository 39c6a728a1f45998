/** Before a row is removed, moves the focus to the next one, the previous one, or the list's heading. */
export function focusNeighbour(row: HTMLElement | null): void {
  const neighbour = row?.nextElementSibling ?? row?.previousElementSibling
  const target = neighbour?.querySelector<HTMLElement>('input, button') ?? document.querySelector<HTMLElement>('h1')
  target?.focus({ preventScroll: true })
}

/** Moves the focus to an element that opens, unless the user is elsewhere. */
export function focusWhenFree(element: HTMLElement | null | undefined): void {
  if (document.activeElement === document.body) element?.focus()
}

/** After a row is rendered anew, moves the focus to a part of it, unless the user is elsewhere. */
export function focusInRow(id: string, part: string): void {
  requestAnimationFrame(() => {
    focusWhenFree(document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] ${part}`))
  })
}
