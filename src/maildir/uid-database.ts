/**
 * `courierimapuiddb`: the permanent numbers of a folder's messages (`spec/imap.md` §7.1, `spec/maildir.md` §13.1).
 *
 *     1 <uidValidity> <uidNext>
 *     <uid> <base name>
 *
 * Pure: octets in, numbers out. A folder of 100,000 messages has 9 MB of it, so nothing here looks twice at an octet.
 */

import {finish, STRIDE, type Steps} from '../support/steps.js'

/** Largest number of IMAP (RFC 3501 §9: nz-number). */
const NUMBER_MAX = 0xffffffff
const SPACE = 0x20
const TAB = 0x09
const LF = 0x0a
/** Where a folder begins anew, long before its numbers end: nobody who gives some has to look whether there are enough. */
const UID_NEXT_MAX = NUMBER_MAX - 2 ** 24
/** The first line is not longer. */
const HEADER_OCTETS = 200

export interface UidDatabase {
  readonly uidValidity: number
  /** The next message gets at least this. Above every UID listed. */
  readonly uidNext: number
  /** Base name → UID, in the order of the file. */
  readonly uids: Map<string, number>
}

/** What the first line of a database says, and where the others begin. */
export interface UidDatabaseHeader {
  readonly uidValidity: number
  /** At least this; lines with higher UIDs count. */
  readonly uidNext: number
  readonly linesStart: number
}

/** Reads the first line. undefined: it is no database that can be used. */
export function readUidDatabaseHeader(octets: Buffer): UidDatabaseHeader | undefined {
  const end = endOfLine(octets, 0)
  const header = /^[ \t]*0*1[ \t]+(\d+)[ \t]+(\d+)/.exec(octets.toString('latin1', 0, Math.min(end, HEADER_OCTETS)))
  if (!header) return undefined
  const uidValidity = Number(header[1])
  if (uidValidity < 1 || uidValidity > NUMBER_MAX) return undefined
  return {uidValidity, uidNext: Number(header[2]), linesStart: end + 1}
}

/** The next UID after lines up to `highest`; undefined: hardly any are left to give. */
export function nextUid(header: UidDatabaseHeader, highest: number): number | undefined {
  const uidNext = Math.max(header.uidNext, highest + 1, 1)
  return uidNext > UID_NEXT_MAX ? undefined : uidNext
}

/** Goes through the lines after the first one, over those that name no message. Values are those of the line that it is at. */
export class UidDatabaseLines {
  /** While it lives, so does the shape of these objects, and V8 keeps what it has compiled for them. */
  static readonly none = new UidDatabaseLines(Buffer.alloc(0), 0)
  readonly #octets: Buffer
  #next: number
  #nameStart = 0
  #nameEnd = 0
  #uid = 0

  constructor(octets: Buffer, start: number) {
    this.#octets = octets
    this.#next = start
  }

  get uid(): number {
    return this.#uid
  }

  /** Where the base name begins. */
  get nameStart(): number {
    return this.#nameStart
  }

  /** Where it ends. */
  get nameEnd(): number {
    return this.#nameEnd
  }

  /** Goes to the next line; false: there is none. */
  next(): boolean {
    const octets = this.#octets
    while (this.#next < octets.length) {
      const end = endOfLine(octets, this.#next)
      let at = skipBlanks(octets, this.#next, end)
      const digits = at
      let uid = 0
      for (; at < end; at += 1) {
        const value = (octets[at] ?? 0) - 0x30
        if (value < 0 || value > 9) break
        uid = uid * 10 + value
      }
      const name = skipBlanks(octets, at, end)
      this.#next = end + 1
      if (at === digits || name === at || name === end || uid < 1 || uid >= UID_NEXT_MAX) continue
      this.#uid = uid >>> 0 // a whole number also where it was worked out as a fraction
      this.#nameStart = name
      this.#nameEnd = end
      return true
    }
    return false
  }
}

/**
 * Reads a database. undefined: it cannot be used and a new one with a new UIDVALIDITY is due.
 *
 * Courier: checks nothing. Here the next UID is at least the highest + 1, and of lines with the same UID or the same
 * name the first counts, so that two messages never have one UID.
 */
export function parseUidDatabase(bytes: Buffer): UidDatabase | undefined {
  return finish(uidDatabaseSteps(bytes))
}

/** The same in steps. */
export function* uidDatabaseSteps(octets: Buffer): Steps<UidDatabase | undefined> {
  const header = readUidDatabaseHeader(octets)
  if (!header) return undefined
  // One conversion for all names; each is a slice of it.
  const text = octets.toString('latin1')
  const uids = new Map<string, number>()
  let highest = 0
  // Made at the first UID out of order; a sorted file needs no memory of what it had.
  let seen: Set<number> | undefined
  const lines = new UidDatabaseLines(octets, header.linesStart)
  for (let count = 1; lines.next(); count += 1) {
    if (count % STRIDE === 0) yield
    const {uid} = lines
    if (uid <= highest) {
      seen ??= new Set(uids.values())
      if (seen.has(uid)) continue
    }
    // Also of a line that does not count: its UID was given to somebody once, so never again.
    highest = Math.max(highest, uid)
    const base = text.slice(lines.nameStart, lines.nameEnd)
    if (uids.has(base)) continue
    uids.set(base, uid)
    seen?.add(uid)
  }
  const uidNext = nextUid(header, highest)
  return uidNext === undefined ? undefined : {uidValidity: header.uidValidity, uidNext, uids}
}

function endOfLine(octets: Buffer, from: number): number {
  const end = octets.indexOf(LF, from)
  return end < 0 ? octets.length : end
}

function skipBlanks(octets: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && (octets[at] === SPACE || octets[at] === TAB)) at += 1
  return at
}

/**
 * The text of a database, built line by line in UID order. When messages were only added, the lines before are not
 * made again.
 */
export class UidDatabaseText {
  #lines: Buffer
  #used = 0

  constructor(entries: Iterable<readonly [base: string, uid: number]> = []) {
    this.#lines = Buffer.alloc(0)
    this.append(entries)
  }

  /** Adds lines. UIDs must be above those before. */
  append(entries: Iterable<readonly [base: string, uid: number]>): void {
    let text = ''
    for (const entry of entries) {
      text += `${entry[1]} ${entry[0]}\n`
      if (text.length > 1 << 16) {
        this.#add(text)
        text = ''
      }
    }
    if (text !== '') this.#add(text)
  }

  /** The same for lines that are text already. */
  appendLines(lines: Buffer): void {
    if (this.#used === 0) {
      this.#lines = lines
      this.#used = lines.length
      return
    }
    const at = this.#makeRoom(lines.length)
    lines.copy(this.#lines, at)
  }

  #add(text: string): void {
    const at = this.#makeRoom(text.length)
    this.#lines.write(text, at, 'latin1')
  }

  /** Where as many octets fit in. What was given out before stays as it is. */
  #makeRoom(octets: number): number {
    const at = this.#used
    const needed = at + octets
    if (needed > this.#lines.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed + 4096, this.#lines.length * 1.25) | 0)
      this.#lines.copy(larger, 0, 0, at)
      this.#lines = larger
    }
    this.#used = needed
    return at
  }

  /** The lines without the first one. */
  lines(): Buffer {
    return this.#lines.subarray(0, this.#used)
  }

  /** The whole file, as a buffer of its own. */
  file(uidValidity: number, uidNext: number): Buffer {
    return Buffer.concat([Buffer.from(`1 ${uidValidity} ${uidNext}\n`, 'latin1'), this.#lines.subarray(0, this.#used)])
  }
}

/** The text of a database in one go. `entries` in UID order. */
export function formatUidDatabase(
  {uidValidity, uidNext}: {readonly uidValidity: number; readonly uidNext: number},
  entries: Iterable<readonly [base: string, uid: number]>,
): Buffer {
  return new UidDatabaseText(entries).file(uidValidity, uidNext)
}
