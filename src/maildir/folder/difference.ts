/** What has happened to the messages of a folder between two snapshots. */
import {allOf, type Chunk, isSameState} from './chunk.js'

/** Messages that have got the same. */
export interface AlikeMessages {
  readonly info: string
  readonly keywordSet: number
  readonly modseq: number
  /** In ascending order. */
  readonly uids: readonly number[]
}

/** Messages that came. */
export interface AddedMessages {
  /** In ascending order. */
  readonly uids: readonly number[]
  /** Their base names. */
  readonly bases: readonly string[]
}

/** What makes one snapshot of another. */
export interface SnapshotDifference {
  readonly gone: readonly number[]
  /** What they have got is told as a change. */
  readonly added: AddedMessages
  /** What messages that both have, with another state, and those that were added have got. */
  readonly changed: readonly AlikeMessages[]
}

/**
 * Puts messages that have got the same together: a flag that all messages of a folder get makes the same of most of them, and
 * messages that came together have much in common.
 */
class Alike {
  readonly #groups = new Map<string, AlikeMessages & {readonly uids: number[]}>()
  #last: (AlikeMessages & {readonly uids: number[]}) | undefined

  get groups(): readonly AlikeMessages[] {
    return [...this.#groups.values()]
  }

  /** UIDs in ascending order. */
  add({place, state}: Chunk, offset: number): void {
    const info = state.infos.at(offset) ?? ''
    const keywordSet = state.keywordSets[offset] ?? 0
    const modseq = state.modseqs[offset] ?? 0
    let group = this.#last
    if (!group || group.modseq !== modseq || group.info !== info || group.keywordSet !== keywordSet) {
      const key = `${modseq} ${keywordSet} ${info}`
      group = this.#groups.get(key) ?? {info, keywordSet, modseq, uids: []}
      this.#groups.set(key, group)
      this.#last = group
    }
    group.uids.push(place.uids[offset] ?? 0)
  }
}

interface Difference {
  readonly gone: number[]
  readonly added: {readonly uids: number[]; readonly bases: string[]}
  readonly alike: Alike
}

/** Adds the messages of a stretch that had another state before. */
function addChanged({alike}: Difference, before: Chunk['state'], chunk: Chunk): void {
  for (let offset = 0; offset < chunk.place.uids.length; offset += 1)
    if (!isSameState(before, offset, chunk.state, offset)) alike.add(chunk, offset)
}

/** Adds all messages of a stretch. */
function addAll({added, alike}: Difference, chunk: Chunk): void {
  const {uids, bases} = chunk.place
  added.uids.push(...uids)
  added.bases.push(...allOf(chunk.place, bases))
  for (let offset = 0; offset < uids.length; offset += 1) alike.add(chunk, offset)
}

/** Adds what makes a stretch of the messages from `old` on, up to its last UID. */
function addDifference({gone, added, alike}: Difference, old: ChunkCursor, chunk: Chunk): void {
  const {place, state} = chunk
  for (let offset = 0; offset < place.uids.length; offset += 1) {
    const uid = place.uids[offset] ?? 0
    old.passBelow(uid, gone)
    const before = old.uid === uid ? old.chunk : undefined
    const base = place.bases.at(offset) ?? ''
    if (before && before.place.bases.at(old.offset) === base) {
      if (!isSameState(before.state, old.offset, state, offset)) alike.add(chunk, offset)
    } else {
      if (before) gone.push(uid)
      added.uids.push(uid)
      added.bases.push(base)
      alike.add(chunk, offset)
    }
    if (before) old.next()
  }
}

/** Goes over the messages of stretches, in ascending order of UID. */
class ChunkCursor {
  readonly #chunks: readonly Chunk[]
  #number = 0
  offset = 0
  /** Of the message at hand; 0 behind the last one. */
  uid: number

  constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks
    this.uid = chunks[0]?.place.uids[0] ?? 0
  }

  get chunk(): Chunk | undefined {
    return this.#chunks[this.#number]
  }

  next(): void {
    this.offset += 1
    if (this.offset >= (this.chunk?.place.uids.length ?? 0)) {
      this.#number += 1
      this.offset = 0
    }
    this.uid = this.chunk?.place.uids[this.offset] ?? 0
  }

  /** Goes on to the first message with a UID of at least `uid`; those before it are `passed`. */
  passBelow(uid: number, passed: number[]): void {
    while (this.uid !== 0 && this.uid < uid) {
      passed.push(this.uid)
      this.next()
    }
  }
}

function lastUid({place: {uids}}: Chunk): number {
  return uids[uids.length - 1] ?? 0
}

/** What makes the later stretches of the earlier ones. Those that both share are not looked at. */
export function differenceOf(earlier: readonly Chunk[], later: readonly Chunk[]): SnapshotDifference {
  const difference: Difference = {gone: [], added: {uids: [], bases: []}, alike: new Alike()}
  const states = new Map(earlier.map(({place, state}) => [place, state]))
  const places = new Set(later.map(({place}) => place))
  const old = new ChunkCursor(earlier.filter(({place}) => !places.has(place)))
  for (const chunk of later) {
    const state = states.get(chunk.place)
    if (state === chunk.state) continue
    if (state) addChanged(difference, state, chunk)
    else if (old.uid === 0 || old.uid > lastUid(chunk)) addAll(difference, chunk)
    else addDifference(difference, old, chunk)
  }
  old.passBelow(Number.POSITIVE_INFINITY, difference.gone)
  return {gone: difference.gone, added: difference.added, changed: difference.alike.groups}
}
