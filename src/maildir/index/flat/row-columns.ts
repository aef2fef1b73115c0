/** Rows of metadata as columns: how they lie in memory and in a file, and how they are copied in another order. */

/** Parts of a row that does not count any more. */
export const DEAD = 0

/** Rows that there is room for at least. */
export const LEAST_ROOM = 64

/** The columns themselves. */
export interface RowColumns {
  readonly uids: Uint32Array
  readonly hashes: Uint32Array
  readonly parts: Uint8Array
  readonly inodes: BigUint64Array
  readonly mtimes: BigInt64Array
  readonly sizes: Float64Array
  readonly wires: Float64Array
  readonly offsets: Float64Array
  readonly lengths: Uint32Array
}

/** What a row takes in columns. */
export const ROW_BYTES = 53

/** Columns of so many rows that lie in memory of `ROW_BYTES` for each, those with the widest numbers first. */
export function columnsIn(memory: ArrayBuffer, rows: number): RowColumns {
  return {
    inodes: new BigUint64Array(memory, 0, rows),
    mtimes: new BigInt64Array(memory, 8 * rows, rows),
    sizes: new Float64Array(memory, 16 * rows, rows),
    wires: new Float64Array(memory, 24 * rows, rows),
    offsets: new Float64Array(memory, 32 * rows, rows),
    uids: new Uint32Array(memory, 40 * rows, rows),
    hashes: new Uint32Array(memory, 44 * rows, rows),
    lengths: new Uint32Array(memory, 48 * rows, rows),
    parts: new Uint8Array(memory, 52 * rows, rows),
  }
}

/** Columns with room for so many rows. */
export function emptyColumns(capacity: number): RowColumns {
  return columnsIn(new ArrayBuffer(capacity * ROW_BYTES), capacity)
}

/** Columns with room for more than so many rows. */
export function roomyColumns(rows: number): RowColumns {
  return emptyColumns(rows + Math.max(LEAST_ROOM, rows >> 4))
}

/** As they lie in memory. */
const NAMES = ['inodes', 'mtimes', 'sizes', 'wires', 'offsets', 'uids', 'hashes', 'lengths', 'parts'] as const

/** The octets of the first so many rows in each column, as they follow each other where there is no room for more. */
export function columnOctets(columns: RowColumns, rows: number): Buffer[] {
  return NAMES.map((name) => {
    const {buffer, byteOffset, BYTES_PER_ELEMENT} = columns[name]
    return Buffer.from(buffer as ArrayBuffer, byteOffset, rows * BYTES_PER_ELEMENT)
  })
}

/** Rows that count, in the order of UIDs: places in columns. */
export interface OrderedRows {
  readonly columns: RowColumns
  readonly places: Uint32Array
}

/** Copies rows of a stretch of the order to the same stretch of other columns. */
export function copyRows(
  {columns, places}: OrderedRows,
  to: RowColumns,
  {start, end}: {readonly start: number; readonly end: number},
): void {
  eachRun(places.subarray(start, end), (first, count, at) => {
    for (const name of NAMES) (to[name] as Uint32Array).set((columns[name] as Uint32Array).subarray(first, first + count), start + at)
  })
}

/** Calls back for each run of places that follow each other: with its first place, its length, and where it begins. */
export function eachRun(places: Uint32Array, visit: (first: number, count: number, at: number) => void): void {
  for (let at = 0; at < places.length; ) {
    const first = places[at] ?? 0
    let count = 1
    while (places[at + count] === first + count) count += 1
    visit(first, count, at)
    at += count
  }
}

/** First place below `end` in an ascending column whose value is at least `wanted`. */
export function lowerBound(column: Uint32Array, wanted: number, end: number): number {
  let low = 0
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((column[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}

/** Puts places that are in order up to `middle`, and again from there on, in order as a whole. */
export function mergePlaces(places: Uint32Array, middle: number, uids: Uint32Array): void {
  const [left, right] = [places.slice(0, middle), places.slice(middle)]
  let [i, j] = [0, 0]
  for (let at = 0; at < places.length; at += 1) {
    const isLeft = j === right.length || (i < left.length && (uids[left[i] ?? 0] ?? 0) < (uids[right[j] ?? 0] ?? 0))
    places[at] = (isLeft ? left[i++] : right[j++]) ?? 0
  }
}
