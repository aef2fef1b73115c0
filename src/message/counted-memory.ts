/**
 * WebAssembly for memory that it is given. `count`: LF between two addresses, a multiple of sixteen octets apart. `crlf`: writes the
 * octets between two addresses to a third, each LF as CRLF, and answers where they end; up to sixteen octets behind are spoilt.
 * `header` and `body`: go over octets in which a header does not end, or no delimiter line begins, by sixteen; they answer where they
 * stopped, which is before a place to be looked at, and tell at a third address the LF that they passed, `header` also whether there were
 * octets above 0x7F (0: no).
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
 *         (local.get $to))
 *       (func (export "body") (param $at i32) (param $end i32) (param $told i32) (result i32) (local $found i32) (local $lines v128)
 *         (block
 *           (loop
 *             (br_if 1 (i32.gt_u (i32.add (local.get $at) (i32.const 18)) (local.get $end)))
 *             (br_if 1 (v128.any_true (v128.and (v128.and
 *               (local.tee $lines (i8x16.eq (v128.load align=1 (local.get $at)) (i8x16.splat (i32.const 10))))
 *               (i8x16.eq (v128.load offset=1 align=1 (local.get $at)) (i8x16.splat (i32.const 45))))
 *               (i8x16.eq (v128.load offset=2 align=1 (local.get $at)) (i8x16.splat (i32.const 45))))))
 *             (local.set $found (i32.add (local.get $found) (i32.popcnt (i8x16.bitmask (local.get $lines)))))
 *             (local.set $at (i32.add (local.get $at) (i32.const 16)))
 *             (br 0)))
 *         (i32.store (local.get $told) (local.get $found))
 *         (local.get $at))
 *       (func (export "header") (param $at i32) (param $end i32) (param $told i32) (result i32)
 *           (local $found i32) (local $lines v128) (local $next v128) (local $all v128)
 *         (block
 *           (loop
 *             (br_if 1 (i32.gt_u (i32.add (local.get $at) (i32.const 17)) (local.get $end)))
 *             (local.set $next (v128.load offset=1 align=1 (local.get $at)))
 *             (br_if 1 (v128.any_true (v128.and
 *               (local.tee $lines (i8x16.eq (v128.load align=1 (local.get $at)) (i8x16.splat (i32.const 10))))
 *               (v128.or (v128.or
 *                 (i8x16.eq (local.get $next) (i8x16.splat (i32.const 10)))
 *                 (i8x16.eq (local.get $next) (i8x16.splat (i32.const 13))))
 *                 (i8x16.eq (local.get $next) (i8x16.splat (i32.const 45)))))))
 *             (local.set $all (v128.or (local.get $all) (v128.load align=1 (local.get $at))))
 *             (local.set $found (i32.add (local.get $found) (i32.popcnt (i8x16.bitmask (local.get $lines)))))
 *             (local.set $at (i32.add (local.get $at) (i32.const 16)))
 *             (br 0)))
 *         (i32.store (local.get $told) (local.get $found))
 *         (i32.store offset=4 (local.get $told) (i8x16.bitmask (local.get $all)))
 *         (local.get $at)))
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

/** Compares sixteen octets with one. */
const are = (octet: number) => [0x41, octet, 0xfd, 0x0f, 0xfd, 0x23]
const LOAD = [0x20, 0x00, 0xfd, 0x00, 0x00, 0x00]
const NEXT_LOOP = [0x20, 0x00, 0x41, 0x10, 0x6a, 0x21, 0x00, 0x0c, 0x00, 0x0b, 0x0b] // sixteen octets on; end of loop and block
const COUNT_LINES = [0x20, 0x03, 0x20, 0x04, 0xfd, 0x64, 0x69, 0x6a, 0x21, 0x03]
const TELL_LINES = [0x20, 0x02, 0x20, 0x03, 0x36, 0x02, 0x00]
const BODY = [
  ...[0x02, 0x01, 0x7f, 0x01, 0x7b], // locals: an i32, a v128
  ...[0x02, 0x40, 0x03, 0x40, 0x20, 0x00, 0x41, 0x12, 0x6a, 0x20, 0x01, 0x4b, 0x0d, 0x01], // block, loop, less than eighteen octets
  ...[...LOAD, ...are(0x0a), 0x22, 0x04], // LF
  ...[0x20, 0x00, 0xfd, 0x00, 0x00, 0x01, ...are(0x2d), 0xfd, 0x4e], // and a hyphen
  ...[0x20, 0x00, 0xfd, 0x00, 0x00, 0x02, ...are(0x2d), 0xfd, 0x4e], // and a hyphen
  ...[0xfd, 0x53, 0x0d, 0x01, ...COUNT_LINES, ...NEXT_LOOP], // there is one: stop
  ...[...TELL_LINES, 0x20, 0x00, 0x0b], // the result
]
const HEADER = [
  ...[0x02, 0x01, 0x7f, 0x03, 0x7b], // locals: an i32, three v128
  ...[0x02, 0x40, 0x03, 0x40, 0x20, 0x00, 0x41, 0x11, 0x6a, 0x20, 0x01, 0x4b, 0x0d, 0x01], // block, loop, less than seventeen octets
  ...[0x20, 0x00, 0xfd, 0x00, 0x00, 0x01, 0x21, 0x05, ...LOAD, ...are(0x0a), 0x22, 0x04], // LF
  ...[0x20, 0x05, ...are(0x0a), 0x20, 0x05, ...are(0x0d), 0xfd, 0x50, 0x20, 0x05, ...are(0x2d), 0xfd, 0x50, 0xfd, 0x4e], // and LF, CR or hyphen
  ...[0xfd, 0x53, 0x0d, 0x01, 0x20, 0x06, ...LOAD, 0xfd, 0x50, 0x21, 0x06, ...COUNT_LINES, ...NEXT_LOOP], // there is one: stop
  ...[...TELL_LINES, 0x20, 0x02, 0x20, 0x06, 0xfd, 0x64, 0x36, 0x02, 0x04, 0x20, 0x00, 0x0b], // the result
]

/** Octets with their number before them, in LEB128. */
function counted(octets: readonly number[]): number[] {
  const {length} = octets
  return length < 0x80 ? [length, ...octets] : [(length & 0x7f) | 0x80, length >> 7, ...octets]
}

function exported(name: string, number: number): number[] {
  return [...counted([...Buffer.from(name)]), 0x00, number]
}

const MODULE = [
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // version 1
  ...[0x01, 0x0e, 0x02, 0x60, 0x02, 0x7f, 0x7f, 0x01, 0x7f, 0x60, 0x03, 0x7f, 0x7f, 0x7f, 0x01, 0x7f], // types: two, three i32 give an i32
  ...[0x02, 0x08, 0x01, 0x01, 0x6d, 0x01, 0x6d, 0x02, 0x00, 0x01], // import of the memory
  ...[0x03, 0x05, 0x04, 0x00, 0x01, 0x01, 0x01], // functions
  ...[0x07, ...counted([0x04, ...exported('count', 0), ...exported('crlf', 1), ...exported('body', 2), ...exported('header', 3)])],
  ...[0x0a, ...counted([0x04, ...counted(COUNT), ...counted(CRLF), ...counted(BODY), ...counted(HEADER)])], // code
]
const PAGE_OCTETS = 65_536
/** Octets that are converted at once: their wire form stays in the processor's cache. */
export const PIECE_OCTETS = 16_384
/** Room for the wire form of a piece, and for what is written behind it. */
const ROOM_OCTETS = 2 * PIECE_OCTETS + 16
/** Room for what is told beside the result, at an address that four divides. */
const TOLD_OCTETS = 8

interface Functions {
  readonly count: (at: number, end: number) => number
  readonly crlf: (at: number, end: number, to: number) => number
  readonly body: (at: number, end: number, told: number) => number
  readonly header: (at: number, end: number, told: number) => number
}

/** Works in memory that was made for it; addresses are `byteOffset` and more. */
export interface Worker extends Functions {
  /** For the wire form of a piece. */
  readonly room: Buffer
  /** What `body` and `header` tell; its address is their third. */
  readonly told: Int32Array
}

/** As far as it is used here; Node has it, its types do not. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: {initial: number}) => {readonly buffer: ArrayBuffer}
  readonly Module: new (octets: Uint8Array) => object
  readonly Instance: new (module: object, imports: object) => {readonly exports: Functions}
}

const WORKERS = new WeakMap<ArrayBufferLike, Worker>()

/** What works in the memory of these octets; undefined: it is ordinary memory. */
export function workerFor(octets: Uint8Array): Worker | undefined {
  return WORKERS.get(octets.buffer)
}

/**
 * Memory in which line feeds are found, counted and made CRLF by WebAssembly. Where that cannot be made (each wants 10 GiB of
 * addresses), it is ordinary memory, with the same results in more time.
 */
export function countedMemory(octets: number): Buffer {
  try {
    const toldAt = Math.ceil(octets / 4) * 4
    const roomAt = toldAt + TOLD_OCTETS
    const memory = new WebAssembly.Memory({initial: Math.ceil((roomAt + ROOM_OCTETS) / PAGE_OCTETS)})
    const {exports} = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(MODULE)), {m: {m: memory}})
    const {count, crlf, body, header} = exports
    const told = new Int32Array(memory.buffer, toldAt, 2)
    WORKERS.set(memory.buffer, {count, crlf, body, header, told, room: Buffer.from(memory.buffer, roomAt, ROOM_OCTETS)})
    return Buffer.from(memory.buffer, 0, octets)
  } catch {
    return Buffer.allocUnsafeSlow(octets)
  }
}
