/**
 * Notices that a folder may have changed. Watching is a hint, scanning is the truth (`design.md` §3).
 *
 * The kernel drops events silently when its queue overflows, and a watch stays on the directory when the folder is
 * renamed. So an event only marks the folder, and each watched folder is looked at every 30 s all the same. Where no
 * watch can be had (limits, odd file systems) the look comes more often.
 */
import {type FSWatcher, watch} from 'node:fs'
import type {MaildirFiles} from '../files.js'

/** Events of one burst come together; the look follows when they pause this long. */
const QUIET_MS = 5
/** A look comes at least this often during an endless burst: after this, or twice the time that the last one took. */
const LONGEST_BURST_MS = 20
const LOOK_AGAIN_MS = 30_000
const POLL_MS = 1_000

/** A folder as the watcher sees it. */
export interface Watched {
  /** Path as latin1 octets. */
  readonly path: string
  /** Looks at the folder on disk. Must not throw; cheap when nothing changed. */
  look(): Promise<void>
}

interface Entry {
  readonly watched: Watched
  readonly watches: FSWatcher[]
  polled: boolean
  timer: NodeJS.Timeout | undefined
  /** When the first event came that no look has answered. */
  markedAtMs: number | undefined
  looking: boolean
  lastLookMs: number
}

/** All watches of a process. They share the process's one inotify instance. */
export class FolderWatcher {
  readonly #entries = new Map<Watched, Entry>()
  readonly #files: MaildirFiles
  #slow: NodeJS.Timeout | undefined
  #fast: NodeJS.Timeout | undefined

  constructor(files: MaildirFiles) {
    this.#files = files
  }

  /** Watches a folder until the returned function is called. */
  add(watched: Watched): () => void {
    const entry: Entry = {watched, watches: [], polled: false, timer: undefined, markedAtMs: undefined, looking: false, lastLookMs: 0}
    this.#entries.set(watched, entry)
    this.#open(entry)
    this.#slow ??= setInterval(() => this.#lookAtAll(() => true), LOOK_AGAIN_MS).unref()
    return () => this.#remove(entry)
  }

  #open(entry: Entry): void {
    const {path} = entry.watched
    entry.polled = !this.#files.isLocal(path)
    for (const part of ['cur', 'new', 'courierimapkeywords']) {
      if (entry.polled) break
      try {
        const watcher = watch(Buffer.from(`${path}/${part}`, 'latin1'), {persistent: false, encoding: 'buffer'}, () => this.#mark(entry))
        watcher.on('error', () => this.#poll(entry))
        entry.watches.push(watcher)
      } catch (error) {
        // The keyword directory may not exist yet: the slow look and its creation by us find it.
        if (part !== 'courierimapkeywords' || (error as NodeJS.ErrnoException).code !== 'ENOENT') entry.polled = true
      }
    }
    if (entry.polled) this.#poll(entry)
  }

  #poll(entry: Entry): void {
    for (const watcher of entry.watches.splice(0)) watcher.close()
    entry.polled = true
    this.#fast ??= setInterval(() => this.#lookAtAll(({polled}) => polled), POLL_MS).unref()
  }

  #lookAtAll(which: (entry: Entry) => boolean): void {
    for (const entry of this.#entries.values()) if (which(entry)) this.#mark(entry)
  }

  #mark(entry: Entry): void {
    const now = performance.now()
    entry.markedAtMs ??= now
    if (entry.looking) return
    const latest = entry.markedAtMs + Math.max(LONGEST_BURST_MS, 2 * entry.lastLookMs)
    clearTimeout(entry.timer)
    entry.timer = setTimeout(() => void this.#look(entry), Math.max(0, Math.min(QUIET_MS, latest - now))).unref()
  }

  async #look(entry: Entry): Promise<void> {
    if (!this.#entries.has(entry.watched)) return
    entry.looking = true
    entry.markedAtMs = undefined
    const began = performance.now()
    await entry.watched.look()
    entry.lastLookMs = performance.now() - began
    entry.looking = false
    if (entry.markedAtMs !== undefined) this.#mark(entry)
  }

  #remove(entry: Entry): void {
    clearTimeout(entry.timer)
    for (const watcher of entry.watches.splice(0)) watcher.close()
    this.#entries.delete(entry.watched)
    if (this.#entries.size > 0) return
    clearInterval(this.#slow)
    clearInterval(this.#fast)
    this.#slow = undefined
    this.#fast = undefined
  }
}
