import {readFileSync} from 'node:fs'
import type {Log} from '../../log/log.js'
import {FlatIndex} from '../../maildir/index/flat/flat-index.js'
import {MemoryIndex} from '../../maildir/index/memory-index.js'
import {type MetadataIndex, NO_INDEX} from '../../maildir/index/metadata-index.js'
import {indexDirectory} from './index-directory.js'
import {isProcess} from './is-process.js'

const MEMORY_OCTETS = 128 * 1024 * 1024
/** What accounts get that another process writes. */
const FALLBACK_OCTETS = 32 * 1024 * 1024

/** About 1.5 KB for each message. */
const LIMITS = {accountBytes: 1024 ** 3, totalBytes: 8 * 1024 ** 3}

/** Where the index is: in files, in memory, or nowhere. */
export type IndexKind = 'flat' | 'memory' | 'off'

export function indexKind(value: string | undefined): IndexKind {
  return value === 'off' || value === 'memory' ? value : 'flat'
}

/** When a process began, as Linux counts it; undefined: unknown. */
export function startOfProcess(pid: number): string | undefined {
  try {
    // The second field is the program's name in parentheses and may hold anything; the 22nd is the start.
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

export interface IndexPlace {
  readonly kind: IndexKind
  readonly cache: string
}

export function makeIndex({kind, cache}: IndexPlace, log: Log): MetadataIndex {
  if (kind === 'off') return NO_INDEX
  if (kind === 'memory') return new MemoryIndex(MEMORY_OCTETS)
  return flatIndexAt(indexDirectory(cache, process.geteuid?.() ?? 0), log)
}

/** The index in files in a directory. */
export function flatIndexAt(directory: string, log: Log): FlatIndex {
  const begun = startOfProcess(process.pid)
  return new FlatIndex({
    directory,
    log,
    nowMs: Date.now,
    pid: process.pid,
    isAlive: isProcess,
    startOf: (pid) => (pid === process.pid ? begun : startOfProcess(pid)),
    fallback: new MemoryIndex(FALLBACK_OCTETS),
    limits: LIMITS,
  })
}
