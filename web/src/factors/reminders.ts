/** Milliseconds for which a reminder stays away. */
const month = 30 * 24 * 3_600_000

const keyOf = (userId: string) => `reminded ${userId}`

/** Whether the user has dismissed the reminder in this browser within the last month. */
export function isDismissed(userId: string, now = Date.now()): boolean {
  try {
    return now - Number(localStorage.getItem(keyOf(userId))) < month
  } catch {
    return false
  }
}

export function dismiss(userId: string, now = Date.now()): void {
  try {
    localStorage.setItem(keyOf(userId), String(now))
  } catch {
    // Without storage it stays away until the page is closed.
  }
}
