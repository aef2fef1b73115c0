/** Character classes of RFC 3501 §9, as one table over octets. */

const ATOM = 1
const ASTRING = 2
const LIST = 4
const TAG = 8
const DIGIT = 16

const table = ((): Uint8Array => {
  const classes = new Uint8Array(256)
  for (let code = 0x21; code < 0x7f; code++) {
    const char = String.fromCharCode(code)
    // atom-specials of RFC 3501 §9.
    if (!'(){%*"\\]'.includes(char)) classes[code] = ATOM | ASTRING | LIST | TAG
    if (char === ']') classes[code] = ASTRING | LIST | TAG
    if (char === '%' || char === '*') classes[code] = LIST
    if (char >= '0' && char <= '9') classes[code] = (classes[code] ?? 0) | DIGIT
  }
  return classes
})()

const holds = (code: number, bit: number): boolean => ((table[code] ?? 0) & bit) !== 0

/** ATOM-CHAR. */
export const isAtomChar = (code: number): boolean => holds(code, ATOM)
/** ASTRING-CHAR: ATOM-CHAR or `]`. */
export const isAstringChar = (code: number): boolean => holds(code, ASTRING)
/** list-char: ASTRING-CHAR, `%` or `*`. */
export const isListChar = (code: number): boolean => holds(code, LIST)
/** Courier: `+` may stand inside a tag (RFC 3501 §9 excludes it); it cannot be taken for anything else there. */
export const isTagChar = (code: number): boolean => holds(code, TAG)
export const isDigit = (code: number): boolean => holds(code, DIGIT)
