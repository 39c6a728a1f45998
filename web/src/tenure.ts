let current = 0

/** Counts up with each user who goes: what then comes of their requests is nobody else's to see. */
export const tenure = (): number => current
export const endTenure = (): void => {
  current += 1
}
