import type {FlagBits, MessageNumber, Stretch} from '../types.js'
import {type Chunk, holdsFirst, lacking, lackingIn} from './chunk.js'

/** A chunk's first messages, by their numbers. */
export class ChunkStretch implements Stretch {
  readonly first: MessageNumber
  readonly size: number
  readonly flags: Uint8Array
  readonly #chunk: Chunk

  constructor(chunk: Chunk, {first, size}: {readonly first: number; readonly size: number}) {
    this.first = first as MessageNumber
    this.size = size
    this.flags = chunk.state.flags.subarray(0, size)
    this.#chunk = chunk
  }

  countWithout(flags: FlagBits): number {
    const {state} = this.#chunk
    return this.size === state.flags.length ? lacking(state, flags).count : lackingIn(this.flags, flags).count
  }
}

/** `starts`: index of each chunk's first message. */
export function stretchesOf(chunks: readonly Chunk[], starts: Uint32Array): Stretch[] {
  return chunks.map((chunk, number) => new ChunkStretch(chunk, {first: (starts[number] ?? 0) + 1, size: chunk.place.uids.length}))
}

/**
 * The messages of an older snapshot as they are in a newer one, by their numbers in the older one: without the chunks of
 * which some are gone.
 */
export function stretchesNow(before: {readonly chunks: readonly Chunk[]; readonly starts: Uint32Array}, now: readonly Chunk[]): Stretch[] {
  const stretches: Stretch[] = []
  for (const [number, old] of before.chunks.entries()) {
    const chunk = now[number]
    if (chunk && holdsFirst(chunk, old))
      stretches.push(new ChunkStretch(chunk, {first: (before.starts[number] ?? 0) + 1, size: old.place.uids.length}))
  }
  return stretches
}
