/**
 * Directories as the kernel gives them (getdents(2)): many names with one call, as octets, in its own order. Node lists them as well,
 * but libuv copies each name and sorts them, and then each becomes a string: for 10,000 names that takes as long again.
 */
import {endianness} from 'node:os'
import {getSystemErrorName} from 'node:util'
import {koffi, loadedFunction} from '../support/native-library.js'
import type {NameOctets} from './name-octets.js'

/** What one call may give: about 800 names, in a third of a millisecond. */
const PIECE_BYTES = 64 * 1024
/** `struct linux_dirent64`: inode and offset, length of the entry, type, name; behind it a NUL, and as many as make it a multiple of eight. */
const LENGTH_AT = 16
const NAME_AT = 19
const ALIGNED_BYTES = 8
const LEAST_BYTES = 24
const DOT = 0x2e

/** Where the C library has it: octets that were read, 0 at the end, -1 for a failure. */
interface GetEntries {
  (descriptor: number, buffer: Buffer, bytes: number): number
  async(descriptor: number, buffer: Buffer, bytes: number, done: (error: unknown, result: number) => void): void
}

/** The call that reads directories; undefined: this system has none that we know. */
export function entriesCall(): GetEntries | undefined {
  if (process.platform !== 'linux' || endianness() !== 'LE') return undefined
  const parameters = '(int descriptor, void *buffer, size_t bytes)'
  // musl has it under the shorter name, where nothing else stands in glibc.
  return loadedFunction<GetEntries>(`long getdents64${parameters}`) ?? loadedFunction<GetEntries>(`long getdents${parameters}`)
}

/** Reads a directory that is open. What it gives is valid until it is asked for more. */
export class DirectoryReading {
  readonly #call: GetEntries
  readonly #descriptor: number
  readonly #names = {
    octets: Buffer.allocUnsafeSlow(PIECE_BYTES),
    starts: new Uint32Array(PIECE_BYTES / LEAST_BYTES),
    ends: new Uint32Array(PIECE_BYTES / LEAST_BYTES),
  }

  constructor(call: GetEntries, descriptor: number) {
    this.#call = call
    this.#descriptor = descriptor
  }

  /** More names, without `.` and `..`; undefined: there are no more. @throws {Error} with the system's `code` */
  now(): NameOctets | undefined {
    return this.#taken(this.#call(this.#descriptor, this.#names.octets, PIECE_BYTES))
  }

  /** The same without keeping the loop. */
  later(): Promise<NameOctets | undefined> {
    return new Promise((resolve, reject) => {
      this.#call.async(this.#descriptor, this.#names.octets, PIECE_BYTES, (error, result) => {
        try {
          if (error) throw error
          resolve(this.#taken(result))
        } catch (failure) {
          reject(failure as Error)
        }
      })
    })
  }

  #taken(bytes: number): NameOctets | undefined {
    if (bytes < 0) throw failure(koffi.errno())
    if (bytes === 0) return undefined
    const {octets, starts, ends} = this.#names
    return {octets, count: findNames(octets, bytes, this.#names), starts, ends}
  }
}

/** The names in entries of so many octets; where they are is written into `starts` and `ends`. Answers how many they are. */
function findNames(octets: Buffer, bytes: number, {starts, ends}: Pick<NameOctets, 'starts' | 'ends'>): number {
  let count = 0
  for (let at = 0; at < bytes; ) {
    const next = at + Math.max(LEAST_BYTES, (octets[at + LENGTH_AT] ?? 0) | ((octets[at + LENGTH_AT + 1] ?? 0) << 8))
    const start = at + NAME_AT
    let end = Math.max(start, next - ALIGNED_BYTES)
    while (end < next && octets[end] !== 0) end += 1
    at = next
    if (octets[start] === DOT && (end === start + 1 || (end === start + 2 && octets[start + 1] === DOT))) continue
    starts[count] = start
    ends[count] = end
    count += 1
  }
  return count
}

function failure(errno: number): Error {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${code}: a directory cannot be read, getdents`), {code, errno: -errno, syscall: 'getdents'})
}
