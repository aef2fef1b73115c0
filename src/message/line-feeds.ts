const LF = 0x0a
/** Below this the view on 32-bit words costs more than it saves. */
const SHORT = 128

function countByByte(octets: Uint8Array, start: number, end: number): number {
  let found = 0
  for (let i = start; i < end; i += 1) if (octets[i] === LF) found += 1
  return found
}

/** One in each of the four octets of a word that is LF, else nothing. */
function lineFeedsIn(word: number): number {
  const x = word ^ 0x0a0a0a0a
  // An octet has its high bit after the sum, or before it, unless it is zero.
  return (~(((x & 0x7f7f7f7f) + 0x7f7f7f7f) | x) >>> 7) & 0x01010101
}

/** Counts LF in `octets[start, end)`, sixteen octets at a time: 3.5 GB/s, in memory of `countedMemory` 20. */
export function countLineFeeds(octets: Uint8Array, start = 0, end: number = octets.length): number {
  if (end - start < SHORT) return countByByte(octets, start, end)
  const worker = WORKERS.get(octets.buffer)
  if (worker) {
    const rest = end - ((end - start) & 15)
    return worker.count(octets.byteOffset + start, octets.byteOffset + rest) + countByByte(octets, rest, end)
  }
  const aligned = start + (-(octets.byteOffset + start) & 3)
  const words = new Int32Array(octets.buffer, octets.byteOffset + aligned, ((end - aligned) >> 4) << 2)
  let found = countByByte(octets, start, aligned)
  for (let i = 0; i < words.length; i += 4) {
    const four = lineFeedsIn(words[i]!) + lineFeedsIn(words[i + 1]!) + lineFeedsIn(words[i + 2]!) + lineFeedsIn(words[i + 3]!)
    // The sum of the four octets comes to stand in the highest.
    found += Math.imul(four, 0x01010101) >>> 24
  }
  return found + countByByte(octets, aligned + words.length * 4, end)
}

/**
 * WebAssembly for memory that it is given. `count`: LF between two addresses, a multiple of sixteen octets apart. `crlf`: writes the
 * octets between two addresses to a third, each LF as CRLF, and answers where they end; up to sixteen octets behind are spoilt.
 *
 *     (module
 *       (import "m" "m" (memory 1))
 *       (func (export "count") (param $at i32) (param $end i32) (result i32) (local $found i32)
 *         (block
 *           (loop
 *             (br_if 1 (i32.ge_u (local.get $at) (local.get $end)))
 *             (local.set $found (i32.add (local.get $found) (i32.popcnt (i8x16.bitmask
 *               (i8x16.eq (v128.load align=1 (local.get $at)) (i8x16.splat (i32.const 10)))))))
 *             (local.set $at (i32.add (local.get $at) (i32.const 16)))
 *             (br 0)))
 *         (local.get $found))
 *       (func (export "crlf") (param $at i32) (param $end i32) (param $to i32) (result i32) (local $found i32)
 *         (block
 *           (loop
 *             (br_if 1 (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
 *             (v128.store align=1 (local.get $to) (v128.load align=1 (local.get $at)))
 *             (if (i32.eqz (local.tee $found (i8x16.bitmask
 *                 (i8x16.eq (v128.load align=1 (local.get $at)) (i8x16.splat (i32.const 10))))))
 *               (then
 *                 (local.set $at (i32.add (local.get $at) (i32.const 16)))
 *                 (local.set $to (i32.add (local.get $to) (i32.const 16)))
 *                 (br 1)))
 *             (i32.store16 align=1
 *               (local.tee $to (i32.add (local.get $to) (local.tee $found (i32.ctz (local.get $found))))) (i32.const 0x0a0d))
 *             (local.set $at (i32.add (i32.add (local.get $at) (local.get $found)) (i32.const 1)))
 *             (local.set $to (i32.add (local.get $to) (i32.const 2)))
 *             (br 0)))
 *         (block
 *           (loop
 *             (br_if 1 (i32.ge_u (local.get $at) (local.get $end)))
 *             (if (i32.eq (local.tee $found (i32.load8_u (local.get $at))) (i32.const 10))
 *               (then
 *                 (i32.store8 (local.get $to) (i32.const 13))
 *                 (local.set $to (i32.add (local.get $to) (i32.const 1)))))
 *             (i32.store8 (local.get $to) (local.get $found))
 *             (local.set $at (i32.add (local.get $at) (i32.const 1)))
 *             (local.set $to (i32.add (local.get $to) (i32.const 1)))
 *             (br 0)))
 *         (local.get $to)))
 */
const COUNT = [
  ...[0x01, 0x01, 0x7f], // a local i32
  ...[0x02, 0x40, 0x03, 0x40, 0x20, 0x00, 0x20, 0x01, 0x4f, 0x0d, 0x01], // block, loop, end of the memory
  ...[0x20, 0x02, 0x20, 0x00, 0xfd, 0x00, 0x00, 0x00, 0x41, 0x0a, 0xfd, 0x0f, 0xfd, 0x23, 0xfd, 0x64, 0x69, 0x6a, 0x21, 0x02], // count
  ...[0x20, 0x00, 0x41, 0x10, 0x6a, 0x21, 0x00, 0x0c, 0x00, 0x0b, 0x0b, 0x20, 0x02, 0x0b], // go on; the result
]
const CRLF = [
  ...[0x01, 0x01, 0x7f], // a local i32
  ...[0x02, 0x40, 0x03, 0x40, 0x20, 0x00, 0x41, 0x10, 0x6a, 0x20, 0x01, 0x4b, 0x0d, 0x01], // block, loop, less than sixteen octets
  ...[0x20, 0x02, 0x20, 0x00, 0xfd, 0x00, 0x00, 0x00, 0xfd, 0x0b, 0x00, 0x00], // copy sixteen
  ...[0x20, 0x00, 0xfd, 0x00, 0x00, 0x00, 0x41, 0x0a, 0xfd, 0x0f, 0xfd, 0x23, 0xfd, 0x64, 0x22, 0x03, 0x45], // no LF among them
  ...[0x04, 0x40, 0x20, 0x00, 0x41, 0x10, 0x6a, 0x21, 0x00, 0x20, 0x02, 0x41, 0x10, 0x6a, 0x21, 0x02, 0x0c, 0x01, 0x0b], // go on
  ...[0x20, 0x02, 0x20, 0x03, 0x68, 0x22, 0x03, 0x6a, 0x22, 0x02, 0x41, 0x8d, 0x14, 0x3b, 0x00, 0x00], // CRLF in its place
  ...[0x20, 0x00, 0x20, 0x03, 0x6a, 0x41, 0x01, 0x6a, 0x21, 0x00, 0x20, 0x02, 0x41, 0x02, 0x6a, 0x21, 0x02, 0x0c, 0x00, 0x0b, 0x0b],
  ...[0x02, 0x40, 0x03, 0x40, 0x20, 0x00, 0x20, 0x01, 0x4f, 0x0d, 0x01], // the rest: block, loop, end
  ...[0x20, 0x00, 0x2d, 0x00, 0x00, 0x22, 0x03, 0x41, 0x0a, 0x46, 0x04, 0x40], // an LF
  ...[0x20, 0x02, 0x41, 0x0d, 0x3a, 0x00, 0x00, 0x20, 0x02, 0x41, 0x01, 0x6a, 0x21, 0x02, 0x0b], // CR before it
  ...[0x20, 0x02, 0x20, 0x03, 0x3a, 0x00, 0x00, 0x20, 0x00, 0x41, 0x01, 0x6a, 0x21, 0x00], // the octet
  ...[0x20, 0x02, 0x41, 0x01, 0x6a, 0x21, 0x02, 0x0c, 0x00, 0x0b, 0x0b, 0x20, 0x02, 0x0b], // go on; the result
]

/** Octets with their number before them, in LEB128. */
function counted(octets: readonly number[]): number[] {
  const {length} = octets
  return length < 0x80 ? [length, ...octets] : [(length & 0x7f) | 0x80, length >> 7, ...octets]
}

const MODULE = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // version 1
  ...[0x01, 0x0e, 0x02, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x03, 0x7f, 0x7f, 0x7f, 0x01, 0x7f], // types: two, three i32 give an i32
  ...[0x02, 0x08, 0x01, 0x01, 0x6d, 0x01, 0x6d, 0x02, 0x00, 0x01], // import of the memory
  ...[0x03, 0x03, 0x02, 0x00, 0x01], // functions
  ...[0x07, 0x10, 0x02, 0x05, 0x63, 0x6f, 0x75, 0x6e, 0x74, 0x00, 0x00, 0x04, 0x63, 0x72, 0x6c, 0x66, 0x00, 0x01], // exports
  ...[0x0a, ...counted([0x02, ...counted(COUNT), ...counted(CRLF)])], // code
]
const PAGE_OCTETS = 65_536
/** Octets that are converted at once: their wire form stays in the processor's cache. */
const PIECE_OCTETS = 16_384
/** Room for the wire form of a piece, and for what is written behind it. */
const ROOM_OCTETS = 2 * PIECE_OCTETS + 16

interface Functions {
  readonly count: (at: number, end: number) => number
  readonly crlf: (at: number, end: number, to: number) => number
}

/** As far as it is used here; Node has it, its types do not. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: {initial: number}) => {readonly buffer: ArrayBuffer}
  readonly Module: new (octets: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => {readonly exports: Functions}
}

/** What works in which memory, and the room for wire forms there. */
const WORKERS = new WeakMap<ArrayBufferLike, Functions & {readonly room: Buffer}>()

/**
 * Memory in which line feeds are counted and made CRLF by WebAssembly. Where that cannot be made (each wants 10 GiB of addresses),
 * it is ordinary memory, with the same results in more time.
 */
export function countedMemory(octets: number): Buffer {
  try {
    const memory = new WebAssembly.Memory({initial: Math.ceil((octets + ROOM_OCTETS) / PAGE_OCTETS)})
    const {exports} = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(MODULE)), {m: {m: memory}})
    const {count, crlf} = exports
    WORKERS.set(memory.buffer, {count, crlf, room: Buffer.from(memory.buffer, octets, ROOM_OCTETS)})
    return Buffer.from(memory.buffer, 0, octets)
  } catch {
    return Buffer.allocUnsafeSlow(octets)
  }
}

/** Writes octets that lie in `countedMemory` into `target`, each LF as CRLF; answers where they end there. undefined: they lie elsewhere. */
export function copyAsCrlf(stored: Buffer, target: Buffer, at: number): number | undefined {
  const worker = WORKERS.get(stored.buffer)
  if (!worker) return undefined
  const {crlf, room} = worker
  let end = at
  for (let from = 0; from < stored.length; from += PIECE_OCTETS) {
    const to = Math.min(stored.length, from + PIECE_OCTETS)
    const octets = crlf(stored.byteOffset + from, stored.byteOffset + to, room.byteOffset) - room.byteOffset
    if (end + octets > target.length) throw new RangeError('The wire form has no room')
    end += room.copy(target, end, 0, octets)
  }
  return end
}
