import type {Uid} from '../types.js'
import type {KnownNames} from './reconcile.js'
import type {Snapshot} from './snapshot.js'

/** File names of a folder's messages as of now: full name → UID, and which endings occur. */
export class NameTable implements KnownNames {
  readonly #uids = new Map<string, Uid>()
  readonly #infos = new Map<string, number>()
  readonly #snapshot: () => Snapshot

  constructor(snapshot: () => Snapshot) {
    this.#snapshot = snapshot
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
    this.#uids.set(base + info, uid)
    this.#infos.set(info, (this.#infos.get(info) ?? 0) + 1)
  }

  remove(base: string, info: string): void {
    if (!this.#uids.delete(base + info)) return
    const left = (this.#infos.get(info) ?? 1) - 1
    if (left > 0) this.#infos.set(info, left)
    else this.#infos.delete(info)
  }

  /** The same string object for equal endings, so that a folder holds few of them. */
  shared(info: string): string {
    for (const known of this.#infos.keys()) if (known === info) return known
    return info
  }
}
