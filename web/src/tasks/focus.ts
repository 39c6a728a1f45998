/** Before a row leaves: gives the focus to the next one, the one before, or the list's heading, so that the keyboard keeps its place. */
export function focusNeighbour(row: HTMLElement | null): void {
  const neighbour = row?.nextElementSibling ?? row?.previousElementSibling
  const target = neighbour?.querySelector<HTMLElement>('input, button') ?? document.querySelector<HTMLElement>('h1')
  target?.focus({ preventScroll: true })
}

/** When something opens: takes the focus there, unless the person is somewhere else. */
export function focusWhenFree(element: HTMLElement | null | undefined): void {
  if (document.activeElement === document.body) element?.focus()
}

/** After a row has changed its shape: gives the focus to a part of it, unless the person has moved on. */
export function focusInRow(id: string, part: string): void {
  requestAnimationFrame(() => {
    focusWhenFree(document.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"] ${part}`))
  })
}
