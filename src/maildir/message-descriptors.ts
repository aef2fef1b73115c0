/**
 * Message files that are open for a moment, by their descriptors. The calls are those of Node; without the checks that Node makes each
 * time, reading thousands of messages takes a twentieth less processor time. Node is asked again for whatever fails, and says why.
 */
import {closeSync, openSync, readSync} from 'node:fs'
import {FrequentCall} from './frequent-call.js'

/** Programs that we start do not get the descriptor. Another number on a few kinds of machine: there Node does it all. */
const O_CLOEXEC = 0o2000000
const isKnownMachine = process.platform === 'linux' && ['arm64', 'x64'].includes(process.arch)

type Open = (path: string, flags: number) => number
type Read = (descriptor: number, buffer: Buffer, bytes: number) => number
type Close = (descriptor: number) => number

export class MessageDescriptors {
  readonly #open: FrequentCall<Open>
  readonly #read: FrequentCall<Read>
  readonly #close: FrequentCall<Close>

  /** `few`: as often Node does it first. */
  constructor(few = isKnownMachine ? undefined : Number.POSITIVE_INFINITY) {
    this.#open = new FrequentCall('int open(str path, int flags)', few)
    this.#read = new FrequentCall('long read(int descriptor, void *buffer, size_t bytes)', few)
    this.#close = new FrequentCall('int close(int descriptor)', few)
  }

  /** @throws {Error} as node's `open` */
  open(path: string | Buffer, flags: number): number {
    const call = typeof path === 'string' && !path.includes('\0') ? this.#open.get() : undefined
    const descriptor = call?.(path as string, flags | O_CLOEXEC) ?? -1
    return descriptor >= 0 ? descriptor : openSync(path, flags)
  }

  /** So many octets from the beginning of the file, or as many as it has, unless it was read before. @throws {Error} as node's `read` */
  first(descriptor: number, buffer: Buffer, bytes: number): number {
    const read = this.#read.get()?.(descriptor, buffer, bytes) ?? -1
    return read >= 0 ? read : readSync(descriptor, buffer, 0, bytes, 0)
  }

  close(descriptor: number): void {
    const call = this.#close.get()
    // Nothing is lost: it was open for reading only.
    if (call) call(descriptor)
    else closeSync(descriptor)
  }
}
