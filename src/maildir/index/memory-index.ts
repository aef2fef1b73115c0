import type {Part} from '../../message/structure.js'
import type {FileFacts} from '../files.js'
import {covers, PART, PARTS} from '../metadata-need.js'
import type {MessageMetadata, Uid} from '../types.js'
import {
  describes,
  type FileLookup,
  type FolderIndex,
  type FolderKey,
  type IndexEntry,
  type IndexedMessage,
  type MetadataIndex,
  type ReadOptions,
  type SavedFolder,
} from './metadata-index.js'

const PART_BYTES = 700
const ENTRY_BYTES = 200

function partCount(part: Part): number {
  let count = 1
  for (const child of part.children) count += partCount(child)
  return part.message ? count + partCount(part.message) : count
}

function costOf({level, metadata}: IndexEntry): number {
  if ((PARTS[level] & PART.header) === 0) return ENTRY_BYTES
  return ENTRY_BYTES + metadata.header.length + (level === 'structure' ? PART_BYTES * partCount(metadata.structure) : 0)
}

function isOfOneFile(a: IndexEntry, b: IndexEntry): boolean {
  return a.inode === b.inode && a.mtimeNs === b.mtimeNs && a.metadata.storedBytes === b.metadata.storedBytes
}

/** The size from one, all else from another. */
class SizeAndHeader implements MessageMetadata {
  readonly internalDateMs: number
  readonly storedBytes: number
  readonly wireBytes: number
  readonly #headed: MessageMetadata

  constructor({wireBytes}: MessageMetadata, headed: MessageMetadata) {
    this.internalDateMs = headed.internalDateMs
    this.storedBytes = headed.storedBytes
    this.wireBytes = wireBytes
    this.#headed = headed
  }

  get header(): string {
    return this.#headed.header
  }

  get headerOctets(): Buffer {
    return this.#headed.headerOctets
  }

  get structure(): Part {
    return this.#headed.structure
  }

  get envelope(): string {
    return this.#headed.envelope
  }

  get bodyStructure(): string {
    return this.#headed.bodyStructure
  }

  get isAscii(): boolean {
    return this.#headed.isAscii
  }
}

/** What two entries for the same file know together. */
function together(a: IndexEntry, b: IndexEntry): IndexEntry {
  if (covers(a.level, b.level)) return a
  if (covers(b.level, a.level)) return b
  const [{metadata: sized}, {metadata: headed}] = a.level === 'size' ? [a, b] : [b, a]
  return {...b, level: 'size and header', metadata: new SizeAndHeader(sized, headed)}
}

/** Metadata in memory, least recently used folders dropped first when `limitBytes` (roughly) are exceeded. */
export class MemoryIndex implements MetadataIndex {
  readonly #limitBytes: number
  readonly #folders = new Map<string, MemoryFolder>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  folder({device, inode}: FolderKey): FolderIndex {
    const key = `${device}:${inode}`
    const folder = this.#folders.get(key) ?? new MemoryFolder((delta) => this.#account(key, delta))
    this.#folders.delete(key)
    this.#folders.set(key, folder)
    return folder
  }

  async close(): Promise<void> {}

  #account(key: string, delta: number): void {
    this.#bytes += delta
    if (this.#bytes <= this.#limitBytes) return
    for (const [oldest, folder] of this.#folders) {
      if (this.#bytes <= this.#limitBytes) break
      if (oldest !== key || this.#folders.size === 1) this.#bytes -= folder.clear()
    }
  }
}

interface MemoryEntry {
  readonly hash: number
  readonly entry: IndexEntry
  /** When it was compared with its file last. */
  readonly epoch: number
  /** Which entry it is. */
  readonly stamp: number
}

class MemoryFolder implements FolderIndex {
  readonly #entries = new Map<Uid, MemoryEntry>()
  readonly #grew: (delta: number) => void
  #bytes = 0
  #uidValidity = 0
  #epoch = 0
  #version = 1

  constructor(grew: (delta: number) => void) {
    this.#grew = grew
  }

  restore(): SavedFolder | undefined {
    return undefined
  }

  belongsTo(uidValidity: number): void {
    if (uidValidity !== this.#uidValidity) this.#grew(-this.clear())
    this.#uidValidity = uidValidity
  }

  async read(messages: readonly IndexedMessage[], {need, factsOf}: ReadOptions): Promise<readonly (MessageMetadata | undefined)[]> {
    return messages.map((message) => {
      const found = this.#find(message, factsOf)
      return found && covers(found.entry.level, need) ? found.entry.metadata : undefined
    })
  }

  get version(): number {
    return this.#version
  }

  stamps(messages: readonly IndexedMessage[], {factsOf}: FileLookup): readonly number[] {
    return messages.map((message) => this.#find(message, factsOf)?.stamp ?? 0)
  }

  /** The entry of a message, if it may be used. */
  #find(message: IndexedMessage, factsOf: ReadOptions['factsOf']): MemoryEntry | undefined {
    const found = this.#entries.get(message.uid)
    if (found?.hash !== message.hash) return undefined
    if (found.epoch === this.#epoch) return found
    const facts = factsOf(message)
    if (!facts || !describes(found.entry, facts)) {
      this.#forget(message.uid)
      return undefined
    }
    const confirmed = {...found, epoch: this.#epoch}
    this.#entries.set(message.uid, confirmed)
    return confirmed
  }

  compare({uid, hash}: IndexedMessage, facts: FileFacts): void {
    const found = this.#entries.get(uid)
    if (found && (found.hash !== hash || !describes(found.entry, facts))) this.#forget(uid)
  }

  set({uid, hash}: IndexedMessage, entry: IndexEntry): void {
    const old = this.#entries.get(uid)
    const isSame = old?.hash === hash && isOfOneFile(old.entry, entry)
    const kept = isSame ? together(old.entry, entry) : entry
    const delta = costOf(kept) - (old ? costOf(old.entry) : 0)
    this.#version += 1
    // What follows from one part of the metadata is not another when more of it is known.
    this.#entries.set(uid, {hash, entry: kept, epoch: this.#epoch, stamp: isSame ? old.stamp : this.#version})
    this.#bytes += delta
    this.#grew(delta)
  }

  delete(uids: readonly Uid[]): void {
    for (const uid of uids) this.#forget(uid)
  }

  #forget(uid: Uid): void {
    const old = this.#entries.get(uid)
    if (!old) return
    this.#version += 1
    this.#entries.delete(uid)
    this.#bytes -= costOf(old.entry)
    this.#grew(-costOf(old.entry))
  }

  doubt(): void {
    this.#epoch += 1
    this.#version += 1
  }

  changed(): void {}

  close(): void {}

  /** Forgets everything; answers how many bytes that were. */
  clear(): number {
    const bytes = this.#bytes
    this.#version += 1
    this.#entries.clear()
    this.#bytes = 0
    return bytes
  }
}
