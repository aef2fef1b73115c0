import type {Part} from '../../message/structure.js'
import type {FolderIndex, FolderKey, IndexEntry, MetadataIndex} from './metadata-index.js'

const PART_BYTES = 700
const ENTRY_BYTES = 200

function partCount(part: Part): number {
  let count = 1
  for (const child of part.children) count += partCount(child)
  return part.message ? count + partCount(part.message) : count
}

function costOf({level, metadata}: IndexEntry): number {
  if (level === 'date' || level === 'size') return ENTRY_BYTES
  return ENTRY_BYTES + metadata.header.length + (level === 'structure' ? PART_BYTES * partCount(metadata.structure) : 0)
}

/** Metadata in memory, least recently used folders dropped first when `limitBytes` (roughly) are exceeded. */
export class MemoryIndex implements MetadataIndex {
  readonly #limitBytes: number
  readonly #folders = new Map<string, MemoryFolder>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  folder({device, inode, uidValidity}: FolderKey): FolderIndex {
    const key = `${device}:${inode}:${uidValidity}`
    const folder = this.#folders.get(key) ?? new MemoryFolder((delta) => this.#account(key, delta))
    this.#folders.delete(key)
    this.#folders.set(key, folder)
    return folder
  }

  #account(key: string, delta: number): void {
    this.#bytes += delta
    if (this.#bytes <= this.#limitBytes) return
    for (const [oldest, folder] of this.#folders) {
      if (this.#bytes <= this.#limitBytes) break
      if (oldest !== key || this.#folders.size === 1) this.#bytes -= folder.clear()
    }
  }
}

class MemoryFolder implements FolderIndex {
  readonly #entries = new Map<string, IndexEntry>()
  readonly #grew: (delta: number) => void
  #bytes = 0

  constructor(grew: (delta: number) => void) {
    this.#grew = grew
  }

  get(base: string): IndexEntry | undefined {
    return this.#entries.get(base)
  }

  set(base: string, entry: IndexEntry): void {
    const old = this.#entries.get(base)
    const delta = costOf(entry) - (old ? costOf(old) : 0)
    this.#entries.set(base, entry)
    this.#bytes += delta
    this.#grew(delta)
  }

  delete(base: string): void {
    const old = this.#entries.get(base)
    if (!old) return
    this.#entries.delete(base)
    this.#bytes -= costOf(old)
    this.#grew(-costOf(old))
  }

  /** Forgets everything; answers how many bytes that were. */
  clear(): number {
    const bytes = this.#bytes
    this.#entries.clear()
    this.#bytes = 0
    return bytes
  }
}
