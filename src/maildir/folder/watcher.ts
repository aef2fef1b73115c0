/**
 * Notices that a folder may have changed. Watching is a hint, scanning is the truth (`design.md` §3).
 *
 * The kernel drops events silently when its queue overflows, and a watch stays on the directory when the folder is
 * renamed. So an event only marks the folder, and each watched folder is looked at every 30 s all the same. Where no
 * watch can be had (limits, odd file systems) the look comes more often.
 */
import {type FSWatcher, watch as watchDirectory} from 'node:fs'
import type {MaildirFiles} from '../files.js'

/** Events of one change come together; the look follows after this. */
const TOGETHER_MS = 1
/** Between two looks lies at least this, and twice the time that the last one took. */
const PAUSE_MS = 10
const LOOK_AGAIN_MS = 30_000
const POLL_MS = 1_000

/** What of a folder is watched. */
const PARTS = ['cur', 'new', 'courierimapkeywords']

function watchNow(path: Buffer, onEvent: () => void): FSWatcher {
  return watchDirectory(path, {persistent: false, encoding: 'buffer'}, onEvent)
}

/** A folder as the watcher sees it. */
export interface Watched {
  /** Path as latin1 octets. */
  readonly path: string
  /** Looks at the folder on disk. Must not throw; cheap when nothing changed. */
  look(): Promise<void>
}

interface Entry {
  readonly watched: Watched
  /** By part of the folder. */
  readonly watches: Map<string, FSWatcher>
  polled: boolean
  timer: NodeJS.Timeout | undefined
  /** An event came that no look has answered. */
  marked: boolean
  looking: boolean
  /** No look before. */
  restsUntilMs: number
}

export interface WatcherOptions {
  /** Watches one directory: `fs.watch`. */
  readonly watch?: (path: Buffer, onEvent: () => void) => FSWatcher
  /** How often each folder is looked at although no event came, milliseconds. */
  readonly lookAgainMs?: number
  /** The same for folders that cannot be watched. */
  readonly pollMs?: number
}

/** All watches of a process. They share the process's one inotify instance. */
export class FolderWatcher {
  readonly #entries = new Map<Watched, Entry>()
  readonly #files: MaildirFiles
  readonly #watch: (path: Buffer, onEvent: () => void) => FSWatcher
  readonly #lookAgainMs: number
  readonly #pollMs: number
  #slow: NodeJS.Timeout | undefined
  #fast: NodeJS.Timeout | undefined

  constructor(files: MaildirFiles, {watch = watchNow, lookAgainMs = LOOK_AGAIN_MS, pollMs = POLL_MS}: WatcherOptions = {}) {
    this.#files = files
    this.#watch = watch
    this.#lookAgainMs = lookAgainMs
    this.#pollMs = pollMs
  }

  /** Watches a folder until the returned function is called. */
  add(watched: Watched): () => void {
    const entry: Entry = {
      watched,
      watches: new Map(),
      polled: false,
      timer: undefined,
      marked: false,
      looking: false,
      restsUntilMs: 0,
    }
    this.#entries.set(watched, entry)
    this.#open(entry)
    this.#slow ??= setInterval(() => this.#lookAtAll(() => true), this.#lookAgainMs).unref()
    return () => this.#remove(entry)
  }

  #open(entry: Entry): void {
    const {path} = entry.watched
    entry.polled ||= !this.#files.isLocal(path)
    for (const part of PARTS) {
      if (entry.polled) break
      if (entry.watches.has(part)) continue
      try {
        const watcher = this.#watch(Buffer.from(`${path}/${part}`, 'latin1'), () => this.#mark(entry))
        watcher.on('error', () => this.#poll(entry))
        entry.watches.set(part, watcher)
      } catch (error) {
        // The keyword directory may not exist yet: it is tried again after each look.
        if (part !== 'courierimapkeywords' || (error as NodeJS.ErrnoException).code !== 'ENOENT') entry.polled = true
      }
    }
    if (entry.polled) this.#poll(entry)
  }

  #poll(entry: Entry): void {
    this.#unwatch(entry)
    entry.polled = true
    this.#fast ??= setInterval(() => this.#lookAtAll(({polled}) => polled), this.#pollMs).unref()
  }

  #unwatch(entry: Entry): void {
    for (const watcher of entry.watches.values()) watcher.close()
    entry.watches.clear()
  }

  #lookAtAll(which: (entry: Entry) => boolean): void {
    for (const entry of this.#entries.values()) if (which(entry)) this.#mark(entry)
  }

  #mark(entry: Entry): void {
    entry.marked = true
    if (entry.looking || entry.timer) return
    const waitMs = Math.max(TOGETHER_MS, entry.restsUntilMs - performance.now())
    entry.timer = setTimeout(() => void this.#look(entry), waitMs).unref()
  }

  async #look(entry: Entry): Promise<void> {
    entry.timer = undefined
    if (!this.#entries.has(entry.watched)) return
    entry.looking = true
    entry.marked = false
    const began = performance.now()
    await entry.watched.look()
    const ended = performance.now()
    entry.restsUntilMs = ended + Math.max(PAUSE_MS, 2 * (ended - began))
    entry.looking = false
    if (this.#entries.has(entry.watched) && !entry.polled && entry.watches.size < PARTS.length) this.#open(entry)
    if (entry.marked) this.#mark(entry)
  }

  #remove(entry: Entry): void {
    clearTimeout(entry.timer)
    this.#unwatch(entry)
    this.#entries.delete(entry.watched)
    if (this.#entries.size > 0) return
    clearInterval(this.#slow)
    clearInterval(this.#fast)
    this.#slow = undefined
    this.#fast = undefined
  }
}
