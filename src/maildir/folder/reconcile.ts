/**
 * What a listing of `cur/` says about the messages that we know. Pure: no file is touched here.
 *
 * Other programs rename files while we read the directory, most of them without a lock. A listing may then miss a
 * name that exists all the time, and may show a message under its old and its new name. So a listing yields
 * candidates and doubts, and only `MissingMessages` decides that a message is gone (`design.md` §3).
 */
import type {Uid} from '../types.js'

/** Splits a file name at its last `:`. The info part keeps it. */
export function splitName(name: string): {base: string; info: string} {
  const colon = name.lastIndexOf(':')
  return colon < 0 ? {base: name, info: ''} : {base: name.slice(0, colon), info: name.slice(colon)}
}

/** Base name and ending make a name that splits into them again. `x:y` is no name of the message `x:y`, but one of `x`. */
export function isNameOf(base: string, info: string): boolean {
  return info !== '' || !base.includes(':')
}

/** The names of the messages of a folder as we know them. */
export interface KnownNames {
  readonly size: number
  /** UID of the message with this base name. */
  uidOf(base: string): Uid | undefined
  /** The ending of a known message's file name. */
  infoOf(uid: Uid): string
  /** Name endings in use; few. */
  infos(): Iterable<string>
  forEach(visit: (uid: Uid, base: string, info: string) => void): void
  /** Base names with their UIDs, mostly in the order in which a sorted directory has them. */
  entries(): Iterator<readonly [base: string, uid: Uid]>
}

export interface Findings {
  /** Known messages that were listed under other endings than ours: UID → endings, ours not among them. */
  readonly renamed: ReadonlyMap<Uid, readonly string[]>
  /** Known messages that were listed under our name and others too. */
  readonly doubled: ReadonlyMap<Uid, {readonly own: string; readonly others: readonly string[]}>
  /** Unknown messages: base name → the ending that was listed first. */
  readonly added: Map<string, string>
  /** All endings of those that were listed with several. */
  readonly ambiguous: ReadonlyMap<string, readonly string[]>
  /** Known messages that were not listed. */
  readonly missing: readonly Uid[]
}

function pushTo<K>(map: Map<K, string[]>, key: K, value: string): void {
  const values = map.get(key)
  if (!values) map.set(key, [value])
  else if (!values.includes(value)) values.push(value)
}

/** Compares a listing of `cur/`, which comes in pieces, with what is known. Names that begin with a dot are nobody's message. */
export class Reconciliation {
  readonly #known: KnownNames
  /** Known messages that were listed under our name. */
  readonly #seen = new Set<Uid>()
  /** Known messages that were listed under other names. */
  readonly #others = new Map<Uid, string[]>()
  readonly #added = new Map<string, string>()
  readonly #ambiguous = new Map<string, string[]>()
  readonly #inOrder: Iterator<readonly [base: string, uid: Uid]>
  /** The known message that is most likely listed next. */
  #next: readonly [base: string, uid: Uid] | undefined

  /** `known` stays as it is until the end. */
  constructor(known: KnownNames) {
    this.#known = known
    this.#inOrder = known.entries()
    this.#advance()
  }

  /** More names of the listing. */
  take(listed: readonly string[]): void {
    for (const name of listed) {
      if (this.#isNext(name)) continue
      const colon = name.lastIndexOf(':')
      const base = colon < 0 ? name : name.slice(0, colon)
      const info = colon < 0 ? '' : name.slice(colon)
      const uid = this.#known.uidOf(base)
      if (uid === undefined) {
        if (!name.startsWith('.')) this.#add(base, info)
      } else if (this.#known.infoOf(uid) === info) this.#seen.add(uid)
      else pushTo(this.#others, uid, info)
    }
  }

  /**
   * Most directories list what we know, in the order in which we know it: that costs one comparison for each name. Messages
   * that should have come before this name are passed over; if they come later, they are looked up.
   */
  #isNext(name: string): boolean {
    while (this.#next) {
      const [base, uid] = this.#next
      const info = this.#known.infoOf(uid)
      if (info !== '' && name === base + info) {
        this.#seen.add(uid)
        this.#advance()
        return true
      }
      if (base >= name) return false
      this.#advance()
    }
    return false
  }

  #advance(): void {
    this.#next = this.#inOrder.next().value
  }

  #add(base: string, info: string): void {
    const first = this.#added.get(base)
    if (first === undefined) this.#added.set(base, info)
    else if (first !== info) {
      if (!this.#ambiguous.has(base)) this.#ambiguous.set(base, [first])
      pushTo(this.#ambiguous, base, info)
    }
  }

  findings(): Findings {
    const renamed = new Map<Uid, string[]>()
    const doubled = new Map<Uid, {own: string; others: string[]}>()
    for (const [uid, others] of this.#others) {
      if (this.#seen.has(uid)) doubled.set(uid, {own: this.#known.infoOf(uid), others})
      else renamed.set(uid, others)
    }
    const missing: Uid[] = []
    if (this.#seen.size + renamed.size < this.#known.size) {
      this.#known.forEach((uid) => {
        if (!this.#seen.has(uid) && !renamed.has(uid)) missing.push(uid)
      })
    }
    return {renamed, doubled, added: this.#added, ambiguous: this.#ambiguous, missing}
  }
}

/** Scans in a row that must miss a message while the directory keeps changing. */
export const MISSES_UNTIL_GONE = 3

/**
 * Decides when a message that listings miss is gone: at once when the directory provably did not change while it was
 * read, else when three scans in a row miss it. Messages go by their base names.
 */
export class MissingMessages {
  #misses = new Map<string, number>()

  /** Takes what one scan missed. Returns what is gone; the rest is in doubt and needs another scan. */
  judge(missing: readonly string[], steady: boolean): {readonly gone: string[]; readonly doubtful: string[]} {
    const counts = new Map<string, number>()
    const gone: string[] = []
    for (const base of missing) {
      const misses = (this.#misses.get(base) ?? 0) + 1
      if (steady || misses >= MISSES_UNTIL_GONE) gone.push(base)
      else counts.set(base, misses)
    }
    this.#misses = counts
    return {gone, doubtful: [...counts.keys()]}
  }
}

/** Endings that a message may have been renamed to: those in use and every set of the five flags. */
export function likelyInfos(inUse: Iterable<string>): string[] {
  const all = new Set<string>(inUse)
  for (let bits = 0; bits < 32; bits += 1) {
    let letters = ''
    for (const [place, letter] of [...'DFRST'].entries()) if (bits & (1 << place)) letters += letter
    all.add(`:2,${letters}`)
  }
  return [...all]
}
