/**
 * Makes outside text safe for logs and pages: replaces characters that move a terminal's cursor, end a line or change
 * the reading direction (Unicode categories C, Zl and Zp) with U+FFFD.
 */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD')
