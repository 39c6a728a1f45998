/** Space that is left between what has the focus and what would cover it, in pixels. */
const space = 12

/** Scrolls what has the focus, such as a button that undoes, out from under these notices. */
export function uncoverFocus(notices: Element | null): void {
  const focused = document.activeElement
  if (!focused || focused === document.body || notices?.contains(focused)) return
  const { top, bottom, left, right } = focused.getBoundingClientRect()
  const covers = [...(notices?.querySelectorAll('.notice') ?? [])]
    .map((notice) => notice.getBoundingClientRect())
    .filter((notice) => notice.top < bottom && top < notice.bottom && notice.left < right && left < notice.right)
  if (covers.length > 0) window.scrollBy(0, bottom - Math.min(...covers.map((cover) => cover.top)) + space)
}
