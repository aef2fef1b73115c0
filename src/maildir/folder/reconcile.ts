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

/** The messages of a folder as we know them, by their base names. */
export interface KnownNames {
  readonly size: number
  /** To be waited for before the others are asked about many messages. */
  make(): Promise<void>
  /** Index of the message whose base name is the first `length` characters of a name, by default all; -1: there is none. */
  indexOf(name: string, length?: number): number
  uidAt(index: number): Uid
  /** The ending of a message's file name. */
  infoAt(index: number): string
  /** Name endings in use; few. */
  infos(): Iterable<string>
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
  /** 1 for each known message that was listed under our name. */
  readonly #seen: Uint8Array
  /** Known messages that were listed under other names: index → endings. */
  readonly #others = new Map<number, string[]>()
  readonly #added = new Map<string, string>()
  readonly #ambiguous = new Map<string, string[]>()

  /** `known` stays as it is until the end. */
  constructor(known: KnownNames) {
    this.#known = known
    this.#seen = new Uint8Array(known.size)
  }

  /** More names of the listing. */
  take(listed: readonly string[]): void {
    for (const name of listed) {
      const colon = name.lastIndexOf(':')
      const end = colon < 0 ? name.length : colon
      const index = this.#known.indexOf(name, end)
      if (index < 0) {
        if (!name.startsWith('.')) this.#add(name.slice(0, end), name.slice(end))
        continue
      }
      const info = this.#known.infoAt(index)
      if (end + info.length === name.length && name.endsWith(info)) this.#seen[index] = 1
      else pushTo(this.#others, index, name.slice(end))
    }
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
    for (const [index, others] of this.#others) {
      const uid = this.#known.uidAt(index)
      if (this.#seen[index] === 1) doubled.set(uid, {own: this.#known.infoAt(index), others})
      else renamed.set(uid, others)
    }
    const missing: Uid[] = []
    for (let index = this.#seen.indexOf(0); index >= 0; index = this.#seen.indexOf(0, index + 1))
      if (!this.#others.has(index)) missing.push(this.#known.uidAt(index))
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
