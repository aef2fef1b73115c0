/**
 * `records`: the metadata blocks of a folder's messages, one after the other.
 *
 *     magic, version, seed                                12 octets
 *     length, CRC-32 of the rest beginning with the seed, payload
 *
 * Where a record lies is known from the rows. The file is opened by its name for each read, so whatever was done to it
 * meanwhile shows as a record with a wrong checksum. The seed is another for each folder, UIDVALIDITY and generation.
 */

import type {Slab} from '../slab.js'
import {appendAt, type FileRange, readRanges, removeFile, sizeOf} from './cache-files.js'
import {crc32} from './checksum.js'
import {OctetWriter} from './octets.js'

const MAGIC = 0x31524e43
const VERSION = 5
const HEADER_BYTES = 12
const FRAME_BYTES = 8
/** Records with less than this between them are read at once. */
const GAP_BYTES = 32 * 1024
const READ_BYTES = 1024 * 1024
/** Memory for the first of new records. */
const FIRST_BYTES = 16 * 1024
/** New records wait in memory up to this. */
const PENDING_BYTES = 256 * 1024

export interface RecordPlace {
  readonly offset: number
  readonly length: number
}

function header(seed: number): Buffer {
  const octets = Buffer.alloc(HEADER_BYTES)
  octets.writeUInt32LE(MAGIC, 0)
  octets.writeUInt32LE(VERSION, 4)
  octets.writeUInt32LE(seed, 8)
  return octets
}

/** Numbers of the places by their offsets; mostly they are in order. */
function inOrder(places: readonly RecordPlace[]): number[] {
  const order = places.map((_, index) => index)
  const isSorted = places.every(({offset}, index) => index === 0 || offset >= (places[index - 1]?.offset ?? 0))
  return isSorted ? order : order.sort((a, b) => (places[a]?.offset ?? 0) - (places[b]?.offset ?? 0))
}

export class RecordsFile {
  readonly #path: string
  readonly #seed: number
  /** Octets that are in the file. */
  #written: number
  #pending = new OctetWriter(FIRST_BYTES)

  /** `endBytes`: length of the file as it was left; 0: it is made. */
  constructor(path: string, seed: number, endBytes: number) {
    this.#path = path
    this.#seed = seed
    this.#written = endBytes
  }

  get endBytes(): number {
    return this.#written + this.#pending.length
  }

  /** True when the file is as long as it was left. */
  get isWhole(): boolean {
    return sizeOf(this.#path) === this.#written
  }

  /** Adds a record; `write` puts its payload. */
  append(write: (out: OctetWriter) => void): RecordPlace {
    if (this.#written === 0 && this.#pending.length === 0) this.#pending.raw(header(this.#seed))
    const out = this.#pending
    const start = out.length
    try {
      write(out.uint32(0).uint32(0))
    } catch (error) {
      out.cut(start)
      throw error
    }
    const length = out.length - start - FRAME_BYTES
    out.patchUint32(start, length)
    out.patchUint32(start + 4, crc32(out.from(start + FRAME_BYTES), this.#seed))
    return {offset: this.#written + start, length: length + FRAME_BYTES}
  }

  /** There is enough to be written. */
  get isFull(): boolean {
    return this.#pending.length >= PENDING_BYTES
  }

  /** Puts new records into the file. False: the file is not as it was left. @throws {Error} the disk is full, … */
  flush(): boolean {
    if (this.#pending.length === 0) {
      this.#pending = new OctetWriter(FIRST_BYTES)
      return true
    }
    if (this.#written === 0) removeFile(this.#path)
    if (!appendAt(this.#path, this.#written, this.#pending.octets)) return false
    this.#written += this.#pending.length
    // Many came, so more will; the memory goes when nothing has come.
    if (this.isFull) this.#pending.clear()
    else this.#pending = new OctetWriter(FIRST_BYTES)
    return true
  }

  /** Payloads, undefined for those that are damaged. Nearby records are read together. They lie in `slab`. @throws {Error} */
  read(places: readonly RecordPlace[], slab: Slab): (Buffer | undefined)[] {
    const order = inOrder(places)
    const ranges: FileRange[] = []
    const rangeOf: number[] = []
    for (const index of order) {
      const {offset, length} = places[index] as RecordPlace
      if (offset >= this.#written) continue
      const last = ranges.at(-1)
      const end = offset + length
      if (last && offset - last.end <= GAP_BYTES && end - last.start <= READ_BYTES)
        ranges[ranges.length - 1] = {start: last.start, end: Math.max(last.end, end)}
      else ranges.push({start: offset, end})
      rangeOf[index] = ranges.length - 1
    }
    const buffers = ranges.length > 0 ? readRanges(this.#path, ranges, slab) : []
    return places.map(({offset, length}, index) => {
      const range = rangeOf[index]
      if (range !== undefined) return this.#payload(buffers[range], offset - (ranges[range]?.start ?? 0), length)
      const waiting = Buffer.from(this.#pending.octets.subarray(offset - this.#written, offset - this.#written + length))
      return this.#payload(waiting, 0, length)
    })
  }

  /** Of the record of this length that lies at `start`. */
  #payload(octets: Buffer | undefined, start: number, length: number): Buffer | undefined {
    if (!octets || length < FRAME_BYTES || start + length > octets.length) return undefined
    if (octets.readUInt32LE(start) !== length - FRAME_BYTES) return undefined
    const payload = octets.subarray(start + FRAME_BYTES, start + length)
    return crc32(payload, this.#seed) === octets.readUInt32LE(start + 4) ? payload : undefined
  }
}
