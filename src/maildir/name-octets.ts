/** Names in a directory as octets, one beside the other; no strings are made of them. */
export interface NameOctets {
  readonly octets: Buffer
  readonly count: number
  /** Where each name begins, and where it ends. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/** Between names. */
const SLASH = '/'
/** So many names are a piece. */
const PIECE_NAMES = 1024

/** Names that are strings already (latin1), in pieces. */
export function* nameOctets(names: readonly string[]): Generator<NameOctets> {
  for (let at = 0; at < names.length; at += PIECE_NAMES) yield octetsOf(names.slice(at, at + PIECE_NAMES))
}

function octetsOf(names: readonly string[]): NameOctets {
  const starts = new Uint32Array(names.length)
  const ends = new Uint32Array(names.length)
  let start = 0
  for (let place = 0; place < names.length; place += 1) {
    starts[place] = start
    const end = start + (names[place]?.length ?? 0)
    ends[place] = end
    start = end + SLASH.length
  }
  return {octets: Buffer.from(names.join(SLASH), 'latin1'), count: names.length, starts, ends}
}
