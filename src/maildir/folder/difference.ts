/** What has happened to the messages of a folder between two snapshots. */
import type {Uid} from '../types.js'
import {type Chunk, isSameState, type MessageRow, rowAt} from './chunk.js'

/** What a message has got. */
export type ChangedMessage = Pick<MessageRow, 'uid' | 'info' | 'keywordSet' | 'modseq'>

/** What makes one snapshot of another. */
export interface SnapshotDifference {
  readonly gone: readonly number[]
  readonly added: readonly MessageRow[]
  /** Messages that both have, with another state; in ascending order of UID. */
  readonly changed: readonly ChangedMessage[]
}

/** Without its name, which may have to be made. */
function changedAt({place, state}: Chunk, offset: number): ChangedMessage {
  return {
    uid: (place.uids[offset] ?? 0) as Uid,
    info: state.infos.at(offset) ?? '',
    keywordSet: state.keywordSets[offset] ?? 0,
    modseq: state.modseqs[offset] ?? 0,
  }
}

interface Difference extends SnapshotDifference {
  readonly gone: number[]
  readonly added: MessageRow[]
  readonly changed: ChangedMessage[]
}

/** Adds the messages of a stretch that had another state before. */
function addChanged({changed}: Difference, before: Chunk['state'], chunk: Chunk): void {
  for (let offset = 0; offset < chunk.place.uids.length; offset += 1)
    if (!isSameState(before, offset, chunk.state, offset)) changed.push(changedAt(chunk, offset))
}

/** Adds what makes a stretch of the messages from `old` on, up to its last UID. */
function addDifference({gone, added, changed}: Difference, old: ChunkCursor, chunk: Chunk): void {
  const {place, state} = chunk
  for (let offset = 0; offset < place.uids.length; offset += 1) {
    const uid = place.uids[offset] ?? 0
    for (; old.uid !== undefined && old.uid < uid; old.next()) gone.push(old.uid)
    const before = old.uid === uid ? old.chunk : undefined
    if (before && before.place.bases.at(old.offset) === place.bases.at(offset)) {
      if (!isSameState(before.state, old.offset, state, offset)) changed.push(changedAt(chunk, offset))
    } else {
      if (before) gone.push(uid)
      added.push(rowAt(chunk, offset))
    }
    if (before) old.next()
  }
}

/** Goes over the messages of stretches, in ascending order of UID. */
class ChunkCursor {
  readonly #chunks: readonly Chunk[]
  #number = 0
  offset = 0

  constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks
  }

  get chunk(): Chunk | undefined {
    return this.#chunks[this.#number]
  }

  /** Of the message at hand; undefined behind the last one. */
  get uid(): number | undefined {
    return this.chunk?.place.uids[this.offset]
  }

  next(): void {
    this.offset += 1
    if (this.offset < (this.chunk?.place.uids.length ?? 0)) return
    this.#number += 1
    this.offset = 0
  }
}

/** What makes the later stretches of the earlier ones. Those that both share are not looked at. */
export function differenceOf(earlier: readonly Chunk[], later: readonly Chunk[]): SnapshotDifference {
  const difference: Difference = {gone: [], added: [], changed: []}
  const states = new Map(earlier.map(({place, state}) => [place, state]))
  const places = new Set(later.map(({place}) => place))
  const old = new ChunkCursor(earlier.filter(({place}) => !places.has(place)))
  for (const chunk of later) {
    const state = states.get(chunk.place)
    if (state === chunk.state) continue
    if (state) addChanged(difference, state, chunk)
    else addDifference(difference, old, chunk)
  }
  for (; old.uid !== undefined; old.next()) difference.gone.push(old.uid)
  return difference
}
