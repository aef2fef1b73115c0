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

/** The names of the messages of a folder as we know them. */
export interface KnownNames {
  readonly size: number
  /** UID of the message with this full file name. */
  uidOf(name: string): Uid | undefined
  /** Name endings in use; few. */
  infos(): Iterable<string>
  forEach(visit: (uid: Uid, base: string, info: string) => void): void
}

export interface Findings {
  /** Known messages that were listed under other endings than ours: UID → endings, ours not among them. */
  readonly renamed: Map<Uid, string[]>
  /** Known messages that were listed under our name and others too: UID → the others. */
  readonly doubled: Map<Uid, string[]>
  /** Unknown messages: base name → endings that were listed. */
  readonly added: Map<string, string[]>
  /** Known messages that were not listed. */
  readonly missing: Uid[]
}

function pushTo<K>(map: Map<K, string[]>, key: K, value: string): void {
  const values = map.get(key)
  if (!values) map.set(key, [value])
  else if (!values.includes(value)) values.push(value)
}

/** Compares a listing of `cur/` with what is known. Names that begin with a dot are nobody's message. */
export function reconcile(known: KnownNames, listed: readonly string[]): Findings {
  const seen = new Set<Uid>()
  const unknown: string[] = []
  for (const name of listed) {
    const uid = known.uidOf(name)
    if (uid !== undefined) seen.add(uid)
    else if (!name.startsWith('.')) unknown.push(name)
  }
  const findings: Findings = {renamed: new Map(), doubled: new Map(), added: new Map(), missing: []}
  const unseen = new Map<string, Uid>()
  if (seen.size < known.size) {
    known.forEach((uid, base) => {
      if (!seen.has(uid)) unseen.set(base, uid)
    })
  }
  const infos = unknown.length > 0 ? [...known.infos()] : []
  for (const name of unknown) {
    const {base, info} = splitName(name)
    const renamed = unseen.get(base)
    if (renamed !== undefined) {
      pushTo(findings.renamed, renamed, info)
      continue
    }
    let twin: Uid | undefined
    for (const other of infos) {
      twin = known.uidOf(base + other)
      if (twin !== undefined) break
    }
    if (twin === undefined) pushTo(findings.added, base, info)
    else pushTo(findings.doubled, twin, info)
  }
  for (const uid of unseen.values()) if (!findings.renamed.has(uid)) findings.missing.push(uid)
  return findings
}

/** Scans in a row that must miss a message while the directory keeps changing. */
export const MISSES_UNTIL_GONE = 3

/**
 * Decides when a message that listings miss is gone: at once when the directory provably did not change while it was
 * read, else when three scans in a row miss it.
 */
export class MissingMessages {
  readonly #misses = new Map<Uid, number>()

  /** Takes what one scan missed. Returns what is gone; the rest is in doubt and needs another scan. */
  judge(missing: readonly Uid[], steady: boolean): {readonly gone: Uid[]; readonly doubtful: Uid[]} {
    if (steady) {
      this.#misses.clear()
      return {gone: [...missing], doubtful: []}
    }
    const gone: Uid[] = []
    const doubtful: Uid[] = []
    const counts = new Map<Uid, number>()
    for (const uid of missing) {
      const misses = (this.#misses.get(uid) ?? 0) + 1
      if (misses >= MISSES_UNTIL_GONE) gone.push(uid)
      else {
        counts.set(uid, misses)
        doubtful.push(uid)
      }
    }
    this.#misses.clear()
    for (const [uid, misses] of counts) this.#misses.set(uid, misses)
    return {gone, doubtful}
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
