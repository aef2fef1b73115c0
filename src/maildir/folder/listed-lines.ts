import {randomInt} from 'node:crypto'
import {countLineFeeds} from '../../message/line-feeds.js'
import {STRIDE, type Steps} from '../../support/steps.js'
import {type OctetRange, OctetWords} from '../octet-words.js'
import {UidDatabaseLines} from '../uid-database.js'

const DOT = 0x2e

/** The lines of a UID database in the order of their UIDs, which are found by their base names. */
export class ListedLines {
  /**
   * V8 drops the shape of objects when the garbage collector finds none alive, as between two folders, and compiles again what works
   * with them: that takes ten times as long as the lines of 10,000 messages.
   */
  static readonly none = new ListedLines(0, 0)
  readonly uids: Uint32Array
  /** Base names one after the other, and where each ends. */
  readonly octets: Buffer
  readonly ends: Uint32Array
  readonly #names: OctetWords
  readonly #hashes: Int32Array
  /** The number of a line, from 1, at its hash or at one of the next places; 0: nothing. At most half of them are used. */
  readonly #slots: Uint32Array
  /** Nobody who gives names to messages knows which of them would lie in one place. */
  readonly #basis = randomInt(2 ** 31)
  #count = 0

  /** Room for so many lines, with so many octets of names. */
  private constructor(lines: number, octets: number) {
    this.uids = new Uint32Array(lines)
    this.ends = new Uint32Array(lines)
    this.#hashes = new Int32Array(lines)
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * lines + 2)))
    this.octets = Buffer.allocUnsafeSlow(octets)
    this.#names = new OctetWords(this.octets)
  }

  /** Reads the lines from `start` on. undefined: a UID is not above those before, a name stands twice or is that of a hidden file. */
  static *steps(database: Buffer, start: number): Steps<ListedLines | undefined> {
    const read = new ListedLines(countLineFeeds(database, start) + 1, Math.max(0, database.length - start))
    const lines = new UidDatabaseLines(database, start)
    const words = new OctetWords(database)
    for (let steps = 1; lines.next(); steps += 1) {
      if (!read.#add(lines.uid, words, {start: lines.nameStart, end: lines.nameEnd})) return undefined
      if (steps % STRIDE === 0) yield
    }
    return read
  }

  get count(): number {
    return this.#count
  }

  get highestUid(): number {
    return this.#count === 0 ? 0 : (this.uids[this.#count - 1] ?? 0)
  }

  /** The number of the line with the name that stands there, from 0; -1: there is none. */
  find(words: OctetWords, name: OctetRange): number {
    return this.#find(words, name, words.hash(name, this.#basis))
  }

  #find(words: OctetWords, name: OctetRange, hash: number): number {
    const last = this.#slots.length - 1
    for (let slot = hash & last; ; slot = (slot + 1) & last) {
      const line = (this.#slots[slot] ?? 0) - 1
      if (line < 0) return -1
      if (this.#hashes[line] !== hash) continue
      const start = this.#startOf(line)
      if ((this.ends[line] ?? 0) - start === name.end - name.start && words.isSame(name, this.#names, start)) return line
    }
  }

  /** False: that makes no sense. */
  #add(uid: number, words: OctetWords, name: OctetRange): boolean {
    const hash = words.hash(name, this.#basis)
    if (uid <= this.highestUid || words.octets[name.start] === DOT || this.#find(words, name, hash) >= 0) return false
    const line = this.#count
    const start = this.#startOf(line)
    words.copy(name, this.#names, start)
    this.uids[line] = uid
    this.ends[line] = start + name.end - name.start
    this.#hashes[line] = hash
    const last = this.#slots.length - 1
    let slot = hash & last
    while (this.#slots[slot] !== 0) slot = (slot + 1) & last
    this.#slots[slot] = line + 1
    this.#count = line + 1
    return true
  }

  #startOf(line: number): number {
    return line === 0 ? 0 : (this.ends[line - 1] ?? 0)
  }
}
