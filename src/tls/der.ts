/** The contents of an element: where they begin and end. */
export interface DerElement {
  readonly begin: number
  readonly end: number
}

/** The DER element at `at` (X.690 §8.1); undefined when it is not whole. */
export function derElementAt(der: Buffer, at: number): DerElement | undefined {
  const first = der[at + 1]
  if (first === undefined) return undefined
  const more = first < 0x80 ? 0 : first & 0x7f
  const begin = at + 2 + more
  if (more > 4 || begin > der.length) return undefined
  const length = more === 0 ? first : der.readUIntBE(at + 2, more)
  return begin + length <= der.length ? {begin, end: begin + length} : undefined
}
