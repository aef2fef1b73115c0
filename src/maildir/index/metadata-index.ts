/**
 * What is derived from message files and may be thrown away at any time (`design.md` §3).
 *
 * An entry belongs to a base name in a folder (device, inode, UIDVALIDITY), and is right only for a file with the
 * same size and time; who opens a file compares. The store works the same with an index that holds nothing.
 */
import type {MessageMetadata, MetadataNeed} from '../types.js'

/** The folder that entries belong to. */
export interface FolderKey {
  readonly device: bigint
  readonly inode: bigint
  readonly uidValidity: number
}

/** What is known about one message file, and which file that was. */
export interface IndexEntry {
  readonly inode: bigint
  readonly mtimeNs: bigint
  /** How much `metadata` holds. */
  readonly level: MetadataNeed
  readonly metadata: MessageMetadata
}

export interface FolderIndex {
  get(base: string): IndexEntry | undefined
  set(base: string, entry: IndexEntry): void
  delete(base: string): void
}

export interface MetadataIndex {
  folder(key: FolderKey): FolderIndex
}

/** An index that holds nothing. */
export const NO_INDEX: MetadataIndex = {
  folder: () => ({get: () => undefined, set: () => {}, delete: () => {}}),
}
