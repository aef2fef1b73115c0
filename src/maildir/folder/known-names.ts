import {randomInt} from 'node:crypto'
import {Pace} from '../../support/pace.js'
import {finish, paced, type Steps} from '../../support/steps.js'
import {hashOfStart} from '../name-hash.js'
import type {Uid} from '../types.js'
import {hashAt} from './base-table.js'
import type {KnownNames} from './reconcile.js'
import type {Snapshot} from './snapshot.js'

/** Different endings that are held once each; others may come in any number and are not worth it. */
const SHARED_INFOS = 1000

/**
 * The messages of a folder as of now by their base names. Made when somebody asks: most folders are opened and read without
 * anybody asking.
 */
export class NameTable implements KnownNames {
  #places: PlacesByHash | undefined
  readonly #shared = new Map<string, string>()
  readonly #snapshot: () => Snapshot

  constructor(snapshot: () => Snapshot) {
    this.#snapshot = snapshot
  }

  /** Everything is in the snapshot; the table is made when somebody asks. */
  takeUp(): void {
    this.#places = undefined
  }

  get size(): number {
    return this.#snapshot().size
  }

  indexOf(name: string, length = name.length): number {
    this.#places ??= finish(placesIn(this.#snapshot()))
    return this.#places.indexOf(name, length, this.#snapshot())
  }

  uidAt(index: number): Uid {
    return this.#snapshot().uidAt(index)
  }

  infoAt(index: number): string {
    return this.#snapshot().infoAt(index)
  }

  infos(): Iterable<string> {
    const infos = new Set<string>()
    this.#snapshot().forEach((_, __, info) => {
      infos.add(info)
    })
    return infos
  }

  /** A message that is in the snapshot now. Those that leave it need not be told. */
  add(base: string, uid: Uid): void {
    const places = this.#places
    if (places?.isFull) this.takeUp()
    else places?.add(hashOfStart(base, base.length, places.basis), uid)
  }

  /** The same string object for equal endings, so that a folder holds few of them. */
  shared(info: string): string {
    const known = this.#shared.get(info)
    if (known !== undefined) return known
    if (this.#shared.size < SHARED_INFOS) this.#shared.set(info, info)
    return info
  }

  /** Makes the table in turn with other work, for whoever is going to ask. Call it while nobody changes the folder. */
  async make(): Promise<void> {
    if (this.#places) return
    const snapshot = this.#snapshot()
    const places = await paced(placesIn(snapshot), new Pace())
    if (this.#snapshot() === snapshot) this.#places ??= places
  }
}

function* placesIn(snapshot: Snapshot): Steps<PlacesByHash> {
  const places = new PlacesByHash(snapshot.size)
  for (const {uids, bases} of snapshot.columns()) {
    for (let offset = 0; offset < uids.length; offset += 1) places.add(hashAt(bases, offset, places.basis), uids[offset] ?? 0)
    yield
  }
  return places
}

const LEAST_PLACES = 64

/**
 * Where messages are by hashes of their base names: 12 to 24 octets for each. The names themselves stay in the snapshot,
 * which tells whether a message is that very one, and still there.
 */
class PlacesByHash {
  /** Nobody who gives names to messages knows which of them would lie in one place. */
  readonly basis = randomInt(2 ** 32)
  /** The number of an entry, from 1, at its hash or at one of the next places; 0: nothing. At most half of them are used. */
  readonly #slots: Uint32Array
  readonly #hashes: Uint32Array
  readonly #uids: Uint32Array
  #count = 0

  /** `messages`: so many, and half as many more. */
  constructor(messages: number) {
    const capacity = Math.max(LEAST_PLACES, messages + (messages >> 1))
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * capacity)))
    this.#hashes = new Uint32Array(capacity)
    this.#uids = new Uint32Array(capacity)
  }

  get isFull(): boolean {
    return this.#count === this.#uids.length
  }

  add(hash: number, uid: number): void {
    this.#hashes[this.#count] = hash
    this.#uids[this.#count] = uid
    this.#count += 1
    const last = this.#slots.length - 1
    let slot = hash & last
    while (this.#slots[slot] !== 0) slot = (slot + 1) & last
    this.#slots[slot] = this.#count
  }

  /** Index of the message whose base name is the beginning of a name; -1: there is none. */
  indexOf(name: string, length: number, snapshot: Snapshot): number {
    const hash = hashOfStart(name, length, this.basis)
    const last = this.#slots.length - 1
    for (let slot = hash & last; ; slot = (slot + 1) & last) {
      const entry = (this.#slots[slot] ?? 0) - 1
      if (entry < 0) return -1
      if (this.#hashes[entry] !== hash) continue
      // Entries were made in the order of messages: only where some are gone, it is another place.
      const index = snapshot.indexNear(this.#uids[entry] ?? 0, entry)
      if (index >= 0 && snapshot.isNamed(index, name, length)) return index
    }
  }
}
