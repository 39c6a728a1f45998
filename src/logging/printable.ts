/**
 * Text from outside, as it may stand in a log or on a page: what would move a terminal's cursor, end a line or turn the
 * direction of reading (Unicode's categories C, Zl and Zp) becomes U+FFFD.
 */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD')
