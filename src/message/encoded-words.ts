import {decoderOf, guessTextOf} from './charset.js'
import {isEightBit} from './octets.js'

/** Octets of one encoded word, delimiters included (RFC 2047 §2). */
const LONGEST_WORD = 75
const PREFIX_OCTETS = '=?utf-8?Q??='.length

/** An encoded word: charset (and an RFC 2231 language), encoding, text. Blanks in the text are not allowed, but seen. */
const ENCODED_WORD = /=\?([!->@-~]{1,80})\?([bBqQ])\?([^?\n]*)\?=/g

interface Word {
  readonly charset: string
  readonly octets: Buffer
}

/** Of `=` and two hexadecimal digits. */
function octetOf(quoted: string): string {
  return String.fromCharCode(Number.parseInt(quoted.slice(1), 16))
}

function readQ(text: string): Buffer {
  const octets = text.replaceAll('_', ' ').replace(/=[0-9A-Fa-f]{2}/g, octetOf)
  return Buffer.from(octets, 'latin1')
}

function readWord([, charset, encoding, text]: RegExpMatchArray): Word {
  const octets = encoding === 'Q' || encoding === 'q' ? readQ(text!) : Buffer.from(text!, 'base64')
  return {charset: charset!.split('*', 1)[0]!.toLowerCase(), octets}
}

/** Neighbours in one charset are decoded together: some programs split characters. Unknown charset: octets as latin1. */
function decodeWords(words: readonly Word[]): string {
  let text = ''
  for (let i = 0; i < words.length; ) {
    const {charset} = words[i]!
    const same: Buffer[] = []
    while (i < words.length && words[i]!.charset === charset) {
      same.push(words[i]!.octets)
      i += 1
    }
    const octets = Buffer.concat(same)
    text += decoderOf(charset)?.decode(octets) ?? octets.toString('latin1')
  }
  return text
}

/**
 * Decodes a header value (latin1, unfolded) to Unicode: encoded words (RFC 2047), with the blanks between two of them
 * left out; raw 8-bit text is taken as UTF-8 if it is valid, else as windows-1252. Linear time.
 */
export function decodeWordsIn(value: string): string {
  if (!value.includes('=?')) return guessTextOf(value)
  let text = ''
  let words: Word[] = []
  let last = 0
  for (const match of value.matchAll(ENCODED_WORD)) {
    const between = value.slice(last, match.index)
    if (words.length === 0 || /[^ \t\r\n]/.test(between)) {
      text += decodeWords(words) + guessTextOf(between)
      words = []
    }
    words.push(readWord(match))
    last = match.index + match[0].length
  }
  return text + decodeWords(words) + guessTextOf(value.slice(last))
}

function writeQ(octets: Buffer): string {
  return octets
    .toString('latin1')
    .replace(/[^!#-<>@-^`-~ ]/g, (octet) => `=${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
    .replaceAll(' ', '_')
}

/** The characters of a text as a reader sees them; those too long for one encoded word in pieces. */
function* graphemes(text: string, roomOctets: number): Generator<string> {
  for (const {segment} of new Intl.Segmenter('en', {granularity: 'grapheme'}).segment(text)) {
    if (Buffer.byteLength(segment) * 3 <= roomOctets) yield segment
    else yield* segment
  }
}

/** One run of text as encoded words: Q or B, whichever is shorter, B on a tie (`spec/imap.md` §13.6). */
function encodeRun(text: string): string {
  const octets = Buffer.from(text)
  const asQ = writeQ(octets)
  const isQ = asQ.length < Math.ceil(octets.length / 3) * 4
  const write = (piece: string): string => (isQ ? writeQ(Buffer.from(piece)) : Buffer.from(piece).toString('base64'))
  const room = LONGEST_WORD - PREFIX_OCTETS
  const length = (piece: string): number => (isQ ? write(piece).length : Math.ceil(Buffer.byteLength(piece) / 3) * 4)
  const open = `=?utf-8?${isQ ? 'Q' : 'B'}?`
  if (length(text) <= room) return `${open}${write(text)}?=`
  const pieces: string[] = []
  let piece = ''
  for (const next of graphemes(text, room)) {
    if (piece !== '' && length(piece + next) > room) {
      pieces.push(piece)
      piece = ''
    }
    piece += next
  }
  return [...pieces, piece].map((each) => `${open}${write(each)}?=`).join(' ')
}

function isEncodedWord(word: string): boolean {
  return word.startsWith('=?') && word.endsWith('?=') && word.length > 6
}

/**
 * ASCII form of a header value (latin1) for clients without UTF-8: runs of words that hold 8-bit characters become
 * RFC 2047 encoded words, everything else stays (`spec/imap.md` §13.6).
 */
export function encodeEightBit(value: string): string {
  if (!isEightBit(value)) return value
  // Courier: leaves octets out that are not UTF-8, so that a Latin-1 name loses its letters.
  const pieces = guessTextOf(value).split(/([ \t]+)/)
  let result = ''
  let i = 0
  while (i < pieces.length) {
    if (!isWide(pieces[i]!)) {
      result += pieces[i]
      i += 1
      continue
    }
    let end = i + 1
    while (end + 1 < pieces.length && isWide(pieces[end + 1]!)) end += 2
    // A reader drops blanks between two encoded words, so they go inside ours.
    const before = i >= 2 && isEncodedWord(pieces[i - 2]!) ? ' ' : ''
    const after = end + 1 < pieces.length && isEncodedWord(pieces[end + 1]!) ? ' ' : ''
    result += encodeRun(before + pieces.slice(i, end).join('') + after)
    i = end
  }
  return result
}

/** Holds a character above ASCII? (The pieces are Unicode.) */
function isWide(word: string): boolean {
  return /[^\0-\x7f]/.test(word)
}

/** Valid Unicode of a header value (latin1), for UTF-8 mode (RFC 6855): raw UTF-8 as it is, other octets as windows-1252. */
export function unicodeOf(value: string): string {
  return guessTextOf(value)
}
