const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/

/** Quotes a title in a sentence. A right-to-left title is isolated, so that it does not reorder the sentence. */
export const quoted = (title: string) => (rightToLeft.test(title) ? `“\u2068${title}\u2069”` : `“${title}”`)
