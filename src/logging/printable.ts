/** Replaces characters that move a terminal's cursor, end a line or change the reading direction (Unicode C, Zl and Zp). */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD')
