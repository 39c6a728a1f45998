const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/

/** A title inside a sentence of ours; one that runs from right to left is set apart, so that it does not turn the sentence round. */
export const quoted = (title: string) => (rightToLeft.test(title) ? `“\u2068${title}\u2069”` : `“${title}”`)
