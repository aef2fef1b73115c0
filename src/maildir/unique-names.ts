/** Names for new files: unique without asking anybody (`spec/maildir.md` §2.1, `spec/imap.md` §8). */

import {withFlags} from './file-names.js'
import type {FlagBits} from './types.js'

/** Octets of a host name that go into a file name; the name as a whole must stay below 255. */
const HOST_MAX = 100

export interface UniqueNamesOptions {
  /** Host name; only makes names differ between hosts, nobody reads it back. */
  readonly host: string
  readonly pid: number
  /** Time in microseconds since 1970. */
  readonly nowMicroseconds: () => number
}

/** A name for a file in `tmp/`, and the one it will have as a message. */
export interface UniqueName {
  /** For `tmp/`. */
  readonly temporary: string
  /** Base name for `new/` or `cur/` once the file exists and its size is known. */
  base(file: {readonly device: number | bigint; readonly inode: number | bigint}, sizeBytes: number): string
  /** As `base`, with the flags. */
  final(file: {readonly device: number | bigint; readonly inode: number | bigint}, sizeBytes: number, flags: FlagBits): string
}

/** Makes unique names; one for each process, because it counts. */
export class UniqueNames {
  readonly #host: string
  readonly #pid: number
  readonly #nowMicroseconds: () => number
  #counter = 0

  constructor({host, pid, nowMicroseconds}: UniqueNamesOptions) {
    this.#host = escapeHost(host)
    this.#pid = pid
    this.#nowMicroseconds = nowMicroseconds
  }

  /** A name for a message: the counter is the tag. */
  message(): UniqueName {
    return this.#make(String(this.#counter++))
  }

  /** Base name for one more link to the file of a message with this base name: it says what that one says of the file. */
  ofLink(base: string, sizeBytes: number): string {
    const {stem, tail} = this.#parts(String(this.#counter++))
    return `${stem}${PLACE.exec(base)?.[0] ?? ''}${tail},S=${sizeBytes}`
  }

  /** Name for a side file in `tmp/`; Courier's tags tell what for (`courierlock`, `imapsubscribe`, …). */
  side(tag: string): string {
    return this.#make(`${tag}${this.#counter++}`).temporary
  }

  #make(tag: string): UniqueName {
    const {stem, tail} = this.#parts(tag)
    const base: UniqueName['base'] = ({device, inode}, sizeBytes) => `${stem}V${hex(device)}I${hex(inode)}${tail},S=${sizeBytes}`
    return {
      temporary: stem + tail,
      base,
      final: (file, sizeBytes, flags) => withFlags(base(file, sizeBytes), flags),
    }
  }

  /** What stands before and behind what a name says of its file. */
  #parts(tag: string): {readonly stem: string; readonly tail: string} {
    const now = this.#nowMicroseconds()
    const seconds = Math.floor(now / 1e6)
    return {stem: `${seconds}.M${Math.floor(now - seconds * 1e6)}P${this.#pid}`, tail: `_${tag}.${this.#host}`}
  }
}

/** Device and inode of the file, in a name of a message. */
const PLACE = /V[0-9A-F]{16}I[0-9A-F]{16}/

function hex(number: number | bigint): string {
  return number.toString(16).toUpperCase().padStart(16, '0')
}

/**
 * The host name without what would break a file name.
 *
 * Courier: escapes nothing, and a `/` makes every delivery fail; the escapes are those of the Maildir's inventor.
 */
export function escapeHost(host: string): string {
  const octets = Buffer.from(host, 'utf8').toString('latin1')
  const safe = octets
    .replaceAll('/', '\\057')
    .replaceAll(':', '\\072')
    .replaceAll(/[\0-\x1f,]/g, '_')
  return safe.slice(0, HOST_MAX) || 'localhost'
}
