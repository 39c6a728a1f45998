let current = 0

/** Increases when the user changes, so that answers to the previous user's requests are discarded. */
export const tenure = (): number => current
export const endTenure = (): void => {
  current += 1
}
