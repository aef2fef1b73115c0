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
  /** UID of the message with this full file name. */
  uidOf(name: string): Uid | undefined
  /** Name endings in use; few. */
  infos(): Iterable<string>
  forEach(visit: (uid: Uid, base: string, info: string) => void): void
}

export interface Findings {
  /** Known messages that were listed under other endings than ours: UID → endings, ours not among them. */
  readonly renamed: Map<Uid, string[]>
  /** Known messages that were listed under our name and others too. */
  readonly doubled: Map<Uid, {readonly own: string; readonly others: string[]}>
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
    const own = infos.find((other) => isNameOf(base, other) && known.uidOf(base + other) !== undefined)
    const twin = own === undefined ? undefined : known.uidOf(base + own)
    if (own === undefined || twin === undefined) pushTo(findings.added, base, info)
    else if (findings.doubled.has(twin)) findings.doubled.get(twin)?.others.push(info)
    else findings.doubled.set(twin, {own, others: [info]})
  }
  for (const uid of unseen.values()) if (!findings.renamed.has(uid)) findings.missing.push(uid)
  return findings
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
