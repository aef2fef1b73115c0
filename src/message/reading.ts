/** A stretch of the stored file that is wanted, at most `READING_OCTETS` long but for header blocks. */
export interface OctetRange {
  readonly start: number
  readonly end: number
}

/** A computation that asks for octets of a file: it yields ranges and is given their octets (fewer at the file's end). */
export type Reading<T> = Generator<OctetRange, T, Buffer>

/** Octets of a body asked for at once. */
export const READING_OCTETS = 65_536

/** Runs a reading with octets that are at hand. */
export function readWith<T>(reading: Reading<T>, read: (start: number, end: number) => Buffer): T {
  let step = reading.next()
  while (!step.done) step = reading.next(read(step.value.start, step.value.end))
  return step.value
}

/** Runs a reading with octets that have to be waited for; one range after the other. */
export async function readAsync<T>(reading: Reading<T>, read: (start: number, end: number) => Promise<Buffer>): Promise<T> {
  let step = reading.next()
  while (!step.done) step = reading.next(await read(step.value.start, step.value.end))
  return step.value
}
