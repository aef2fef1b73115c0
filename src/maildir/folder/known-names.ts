import type {Uid} from '../types.js'
import type {KnownNames} from './reconcile.js'
import type {Snapshot} from './snapshot.js'

/**
 * File names of a folder's messages as of now: full name → UID, and which endings occur. A folder that was taken up
 * from the index gets its table of names when somebody asks for one.
 */
export class NameTable implements KnownNames {
  #known: Map<string, Uid> | undefined = new Map()
  #endings: Map<string, number> | undefined = new Map()
  readonly #snapshot: () => Snapshot

  constructor(snapshot: () => Snapshot) {
    this.#snapshot = snapshot
  }

  /** Everything is in the snapshot; nobody has asked for names yet. */
  takeUp(): void {
    this.#known = undefined
    this.#endings = undefined
  }

  get size(): number {
    return this.#uids.size
  }

  uidOf(name: string): Uid | undefined {
    return this.#uids.get(name)
  }

  infos(): Iterable<string> {
    return this.#infos.keys()
  }

  forEach(visit: (uid: Uid, base: string, info: string) => void): void {
    this.#snapshot().forEach(visit)
  }

  add(base: string, info: string, uid: Uid): void {
    this.#known?.set(base + info, uid)
    this.#infos.set(info, (this.#infos.get(info) ?? 0) + 1)
  }

  remove(base: string, info: string): void {
    if (this.#known && !this.#known.delete(base + info)) return
    const left = (this.#infos.get(info) ?? 1) - 1
    if (left > 0) this.#infos.set(info, left)
    else this.#infos.delete(info)
  }

  get #infos(): Map<string, number> {
    if (!this.#endings) {
      const endings = new Map<string, number>()
      this.#snapshot().forEach((_, __, info) => {
        endings.set(info, (endings.get(info) ?? 0) + 1)
      })
      this.#endings = endings
    }
    return this.#endings
  }

  get #uids(): Map<string, Uid> {
    if (!this.#known) {
      const known = new Map<string, Uid>()
      this.#snapshot().forEach((uid, base, info) => {
        known.set(base + info, uid)
      })
      this.#known = known
    }
    return this.#known
  }

  /** The same string object for equal endings, so that a folder holds few of them. */
  shared(info: string): string {
    for (const known of this.#infos.keys()) if (known === info) return known
    return info
  }
}
