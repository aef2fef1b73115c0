/** Takes the content transfer encoding off a body that comes in pieces of any size (RFC 2045 §6). Never fails. */
export interface TransferDecoder {
  /** The octets that are sure by now. */
  push(octets: Buffer): Buffer
  /** What was held back. */
  end(): Buffer
  /** A whole body at once. */
  all(octets: Buffer): Buffer
}

const NOTHING = Buffer.alloc(0)
const EQUALS = 0x3d
const LF = 0x0a
const CR = 0x0d
/** Blanks between `=` and the line end that are still a soft line break. */
const PADDING_OCTETS = 16

const identity: TransferDecoder = {push: (octets) => octets, end: () => NOTHING, all: (octets) => octets}

function hexValue(code: number | undefined): number {
  if (code === undefined) return -1
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** Length of a soft line break at `at`, a `=`; 0 if it is none. */
function softBreak(octets: Buffer, at: number): number {
  let end = at + 1
  while (end - at <= PADDING_OCTETS && (octets[end] === 0x20 || octets[end] === 0x09)) end += 1
  if (octets[end] === CR) end += 1
  return octets[end] === LF ? end + 1 - at : 0
}

/** Decodes in place of a copy; what is no escape stays as it is. */
function decodeQuoted(octets: Buffer): Buffer {
  let at = octets.indexOf(EQUALS)
  if (at < 0) return octets
  const decoded = Buffer.allocUnsafe(octets.length)
  let length = octets.copy(decoded, 0, 0, at)
  while (at < octets.length) {
    const octet = octets[at]!
    if (octet !== EQUALS) {
      decoded[length] = octet
      length += 1
      at += 1
      continue
    }
    const high = hexValue(octets[at + 1])
    const low = hexValue(octets[at + 2])
    if (high >= 0 && low >= 0) {
      decoded[length] = high * 16 + low
      length += 1
      at += 3
      continue
    }
    const skipped = softBreak(octets, at)
    if (skipped === 0) {
      decoded[length] = octet
      length += 1
    }
    at += skipped || 1
  }
  return decoded.subarray(0, length)
}

class QuotedPrintable implements TransferDecoder {
  #held: Buffer = NOTHING

  push(octets: Buffer): Buffer {
    const all = this.#held.length > 0 ? Buffer.concat([this.#held, octets]) : octets
    // An escape or soft break that may go on in the next piece.
    const open = all.indexOf(EQUALS, Math.max(0, all.length - PADDING_OCTETS - 3))
    const cut = open < 0 ? all.length : open
    this.#held = Buffer.from(all.subarray(cut))
    return decodeQuoted(all.subarray(0, cut))
  }

  end(): Buffer {
    const rest = decodeQuoted(this.#held)
    this.#held = NOTHING
    return rest
  }

  all(octets: Buffer): Buffer {
    return decodeQuoted(octets)
  }
}

class Base64 implements TransferDecoder {
  #held = ''

  push(octets: Buffer): Buffer {
    const text = this.#held + octets.toString('latin1').replace(/[^A-Za-z0-9+/]+/g, '')
    const cut = text.length - (text.length % 4)
    this.#held = text.slice(cut)
    return Buffer.from(text.slice(0, cut), 'base64')
  }

  end(): Buffer {
    return Buffer.from(this.#held, 'base64')
  }

  all(octets: Buffer): Buffer {
    return Buffer.concat([this.push(octets), this.end()])
  }
}

/** The decoder for an encoding as in `Part.encoding`; unknown ones are left as they are. */
export function transferDecoder(encoding: string): TransferDecoder {
  if (encoding === 'quoted-printable') return new QuotedPrintable()
  if (encoding === 'base64') return new Base64()
  return identity
}
