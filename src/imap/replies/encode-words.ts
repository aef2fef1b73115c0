/**
 * RFC 2047 encoding of header text with octets above 0x7F, for clients that have not enabled UTF8=ACCEPT
 * (`spec/imap.md` §13.6).
 */

/** Longest payload of one encoded word: 75 (RFC 2047 §2) without `=?utf-8?B?` and `?=`. */
const PAYLOAD = 63

/** Text of octets: UTF-8 where they are valid, else each octet as windows-1252 (what mail without a charset mostly is). */
export function textOfOctets(latin1: string): string {
  const octets = Buffer.from(latin1, 'latin1')
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(octets)
  } catch {
    return new TextDecoder('windows-1252').decode(octets)
  }
}

/**
 * Value in ASCII: each longest run of blank-separated words with octets above 0x7F becomes encoded words.
 *
 * `latin1` has one character for each octet. White space outside the runs stays.
 */
export function encodeWords(latin1: string): string {
  // Courier: octets that are not UTF-8 are left out; here they are read as windows-1252, so that nothing is lost.
  const pieces = textOfOctets(latin1).split(/([ \t\r\n]+)/)
  let out = ''
  for (let at = 0; at < pieces.length; at += 2) {
    const word = pieces[at] ?? ''
    if (isAscii(word)) {
      out += word + (pieces[at + 1] ?? '')
      continue
    }
    const run = [word]
    while (at + 2 < pieces.length && !isAscii(pieces[at + 2] ?? '')) {
      run.push(pieces[at + 1] ?? '', pieces[at + 2] ?? '')
      at += 2
    }
    out += encodeRun(run.join('')) + (pieces[at + 1] ?? '')
  }
  return out
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}

/** One run as Q or B, whichever is shorter, B on a tie; in several words when it is long. */
function encodeRun(run: string): string {
  const octets = Buffer.from(run, 'utf8')
  const encoding = quotedLength(octets) < 4 * Math.ceil(octets.length / 3) ? 'Q' : 'B'
  return splitRun(run, encoding)
    .map((piece) => {
      const bytes = Buffer.from(piece, 'utf8')
      return `=?utf-8?${encoding}?${encoding === 'Q' ? quoted(bytes) : bytes.toString('base64')}?=`
    })
    .join(' ')
}

/** Pieces that fit into one encoded word each; combining characters stay with what they combine with where that fits. */
function splitRun(run: string, encoding: 'Q' | 'B'): string[] {
  const limit = encoding === 'B' ? 45 : PAYLOAD
  const pieces: string[] = []
  let piece = ''
  let cost = 0
  let cluster = ''
  let clusterCost = 0
  const endCluster = () => {
    if (piece !== '' && cost + clusterCost > limit) {
      pieces.push(piece)
      piece = ''
      cost = 0
    }
    piece += cluster
    cost += clusterCost
    cluster = ''
    clusterCost = 0
  }
  for (const character of run) {
    const octets = Buffer.from(character, 'utf8')
    const characterCost = encoding === 'B' ? octets.length : quotedLength(octets)
    if (!/^[\p{M}\u200d]/u.test(character) || clusterCost + characterCost > limit) endCluster()
    cluster += character
    clusterCost += characterCost
  }
  endCluster()
  pieces.push(piece)
  return pieces
}

/** Letters and digits stand for themselves in every place of an encoded word (RFC 2047 §5). */
function isPlain(octet: number): boolean {
  return (octet >= 0x30 && octet <= 0x39) || (octet >= 0x41 && octet <= 0x5a) || (octet >= 0x61 && octet <= 0x7a) || octet === 0x2e
}

function quotedLength(octets: Buffer): number {
  let length = 0
  for (const octet of octets) length += isPlain(octet) || octet === 0x20 ? 1 : 3
  return length
}

function quoted(octets: Buffer): string {
  let out = ''
  for (const octet of octets) {
    if (isPlain(octet)) out += String.fromCharCode(octet)
    else if (octet === 0x20) out += '_'
    else out += `=${octet < 16 ? '0' : ''}${octet.toString(16).toUpperCase()}`
  }
  return out
}
