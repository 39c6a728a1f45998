/** Pixels between the focused element and what would cover it. */
const space = 12

/** Scrolls the focused element, such as an undo button, out from under these notices. */
export function uncoverFocus(notices: Element | null): void {
  const focused = document.activeElement
  if (!focused || focused === document.body || notices?.contains(focused)) return
  const { top, bottom, left, right } = focused.getBoundingClientRect()
  const covers = [...(notices?.querySelectorAll('.notice') ?? [])]
    .map((notice) => notice.getBoundingClientRect())
    .filter((notice) => notice.top < bottom && top < notice.bottom && notice.left < right && left < notice.right)
  if (covers.length > 0) window.scrollBy(0, bottom - Math.min(...covers.map((cover) => cover.top)) + space)
}
