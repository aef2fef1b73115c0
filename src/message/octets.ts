/**
 * Small helpers for strings with one character for each octet (latin1). The built-in `trim`, `\s` and
 * `toLowerCase` must not touch them: they would change octets of UTF-8 (0xA0 is white space, 0xC9 a capital).
 */

/** Is the character a space, tab, line end or NUL? */
export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d || code === 0
}

/** Without blanks at both ends. */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** Holds a character above 0x7F? */
export function isEightBit(text: string): boolean {
  return /[^\0-\x7f]/.test(text)
}

/** A to Z in lower case; every other character stays. */
export function asciiLower(text: string): string {
  if (!isEightBit(text)) return text.toLowerCase()
  return text.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase())
}

/** Texts are written here and read again. */
const SCRATCH = Buffer.allocUnsafeSlow(1024)

/** The same text in memory of its own: a piece of a text keeps all of it alive. (What is not ASCII was decoded, so it is new.) */
export function detached(text: string): string {
  return isEightBit(text) ? text : copied(text)
}

/** A copy of a text with one octet for each character. */
function copied(text: string): string {
  if (text.length > SCRATCH.length) return Buffer.from(text, 'latin1').toString('latin1')
  return SCRATCH.toString('latin1', 0, SCRATCH.write(text, 'latin1'))
}

/** The same texts, one octet for each character, in memory of their own that they share. */
export function detachedTogether(texts: readonly string[]): string[] {
  const all = copied(texts.join(''))
  const parts: string[] = []
  let end = 0
  for (const {length} of texts) {
    end += length
    parts.push(all.slice(end - length, end))
  }
  return parts
}
