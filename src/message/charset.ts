import {asciiLower, isEightBit} from './octets.js'

/** Decodes octets; keeps the start of a split character for the next call while `stream` is set. */
export interface Decoder {
  /** Name of the Encoding Standard. */
  readonly encoding: string
  decode(octets: Uint8Array, options?: {readonly stream?: boolean}): string
}

/** Names that mail uses and the Encoding Standard does not list. */
const ALIASES: Readonly<Record<string, string>> = {
  'unknown-8bit': 'windows-1252',
  'x-unknown': 'windows-1252',
  'us-ascii': 'windows-1252',
  'iso-8859-8-i': 'iso-8859-8-i',
  cp949: 'euc-kr',
  ks_c_5601: 'euc-kr',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp950: 'big5',
  eucjp: 'euc-jp',
  eucgb2312_cn: 'gbk',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
}

const WINDOWS = 'windows-1252'

/** Some versions of Node 20 to 23 take 0x80 to 0x9F for control characters unless they decode a stream. It has no split characters. */
function decodeWindows(octets: Uint8Array): string {
  return new TextDecoder(WINDOWS).decode(octets, {stream: true})
}

function label(name: string): string {
  const lower = asciiLower(name.trim())
  return ALIASES[lower] ?? (/^cp125[0-8]$/.test(lower) ? `windows-${lower.slice(2)}` : lower)
}

/** A decoder for a charset by its MIME name; undefined if there is none. */
export function decoderOf(charset: string): Decoder | undefined {
  try {
    const decoder = new TextDecoder(label(charset), {ignoreBOM: true})
    return decoder.encoding === WINDOWS ? {encoding: WINDOWS, decode: decodeWindows} : decoder
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Can SEARCH, SORT and THREAD take strings in this charset (`spec/imap.md` §23)? */
export function supportedCharset(charset: string): boolean {
  return decoderOf(charset) !== undefined
}

/** Is every octet that is not ASCII part of a character, and ASCII always itself: can one search in the octets? */
export function isAsciiCompatible(charset: string): boolean {
  // A decoder takes longer to be made than most bodies to be searched.
  if (/^(us-ascii|utf-8|iso-8859-[0-9]{1,2}|windows-125[0-8])$/i.test(charset)) return true
  const decoder = decoderOf(charset)
  if (!decoder) return true
  const {encoding} = decoder
  return encoding === 'utf-8' || /^(windows-|iso-8859-|koi8-|ibm866$|macintosh$|x-mac-)/.test(encoding)
}

/** Octets as one character each. */
export function latin1Decoder(): Decoder {
  return {encoding: 'latin1', decode: (octets) => Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1')}
}

/** Text of octets of unknown charset: UTF-8 if it is valid, else windows-1252. */
export function guessText(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(octets)
  } catch {
    return decodeWindows(octets)
  }
}

/** The same for a string with one character for each octet. */
export function guessTextOf(octets: string): string {
  return isEightBit(octets) ? guessText(Buffer.from(octets, 'latin1')) : octets
}
