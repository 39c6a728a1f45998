/** The most bytes that a UTF-16 unit takes in JSON (`\u0001`). */
export const widest = 6

const ofControl = (code: number) => ((code >= 8 && code <= 10) || code === 12 || code === 13 ? 2 : widest)

/** Bytes that a well-formed text takes in JSON, without its quotes (RFC 8259, section 7, and as JSON.stringify has it). */
export function jsonBytes(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20) bytes += ofControl(code)
    else if (code === 0x22 || code === 0x5c) bytes += 2
    else if (code < 0x80) bytes += 1
    // Half of a surrogate pair, which takes four.
    else if (code < 0x800 || (code >= 0xd800 && code <= 0xdfff)) bytes += 2
    else bytes += 3
  }
  return bytes
}
