/** What of a message's metadata is needed. `structure` is all; a header is mostly found without reading the whole file, a size is not. */
export type MetadataNeed = 'date' | 'size' | 'header' | 'size and header' | 'structure'

/** The parts of metadata as bits. */
export const PART = {date: 1, size: 2, header: 4, structure: 8} as const

/** The parts that each need consists of. */
export const PARTS: Readonly<Record<MetadataNeed, number>> = {
  date: PART.date,
  size: PART.date | PART.size,
  header: PART.date | PART.header,
  'size and header': PART.date | PART.size | PART.header,
  structure: PART.date | PART.size | PART.header | PART.structure,
}

/** Who knows `known` knows all that is needed. */
export function covers(known: MetadataNeed, need: MetadataNeed): boolean {
  return (PARTS[need] & ~PARTS[known]) === 0
}

/** The least need that includes both. */
export function bothNeeds(a: MetadataNeed | undefined, b: MetadataNeed | undefined): MetadataNeed | undefined {
  if (a === undefined || b === undefined) return a ?? b
  if (covers(a, b)) return a
  return covers(b, a) ? b : 'size and header'
}

/** A part of the metadata; that it was asked for is up to whoever uses it. */
export function asked<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('Metadata that was not asked for')
  return part
}
