/** Milliseconds until the same mail can be asked for again. */
export const mailPause = 60_000
