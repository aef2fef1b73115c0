import {Fault} from '../../support/fault.js'
import {fileFault} from '../file-fault.js'
import {consolidate, type KeywordContext, mergedSets} from './consolidate.js'
import {cleanKeyword, isSameSet, type Keywords, NO_KEYWORDS, Spellings} from './keyword-text.js'
import {NOTHING_READ, type ReadMemory, readKeywordDirectory} from './read-keywords.js'
import {writeSets} from './write-keywords.js'

/** Times that a change may find another one pending before it. */
const TRIES = 100

export interface KeywordChange {
  readonly mode: 'add' | 'remove' | 'replace'
  readonly keywords: readonly string[]
}

export interface LoadOptions {
  /** A message with this base name is in the folder. */
  readonly exists: (base: string) => boolean
  /** Tidy the directory up as well: false for folders that must not be written. */
  readonly consolidate: boolean
}

export interface Loaded {
  /** Messages whose keywords are not what they were. */
  readonly changed: readonly string[]
  /** Why the directory could not be tidied up; what was read counts all the same. */
  readonly problem: Error | undefined
}

/** The keywords of one folder: what `courierimapkeywords/` said last, and how to change it. Calls wait for each other. */
export class FolderKeywords {
  readonly #folder: string
  readonly #context: KeywordContext
  /** Also of messages that are not there yet. */
  #sets: Map<string, Keywords> = new Map()
  /** Messages of the folder that have keywords. */
  #present: Set<string> = new Set()
  #uses: Map<string, number> = new Map()
  #inUse: readonly string[] = NO_KEYWORDS
  #memory: ReadMemory = NOTHING_READ
  /** Messages that a reading in the middle of a change found different: the next `load` tells of them. */
  readonly #untold = new Set<string>()
  #last: Promise<unknown> = Promise.resolve()

  /** `folder`: its path in octets. */
  constructor(folder: string, context: KeywordContext) {
    this.#folder = folder
    this.#context = context
  }

  /** Keywords of a message. */
  of(base: string): Keywords {
    return this.#sets.get(base) ?? NO_KEYWORDS
  }

  /** Keywords that messages of the folder have. A new array exactly when the set changes. */
  get inUse(): readonly string[] {
    return this.#inUse
  }

  /** Reads the directory and, if wanted, tidies it up. @throws {Fault} */
  load(options: LoadOptions): Promise<Loaded> {
    return this.#queued(async () => {
      const {changed, problem} = await this.#load(options)
      const all = new Set([...this.#untold, ...changed])
      this.#untold.clear()
      return {changed: [...all], problem}
    })
  }

  /**
   * Changes the keywords of messages; answers with those that changed, when they are on disk.
   *
   * `reread`: apply the change to what is on disk now instead of what was read last (IMAP_KEYWORDS=2).
   *
   * @throws {Fault} `busy`, `no-space`, …; a first part of the messages may have been changed
   */
  change(bases: readonly string[], change: KeywordChange, options: LoadOptions & {readonly reread?: boolean}): Promise<string[]> {
    return this.#queued(async () => {
      if (options.reread) await this.#loadUntold(options)
      return this.#change(bases, change, options)
    })
  }

  /**
   * Writes the keywords of messages that will appear in the folder, before they do. Their names must be new.
   *
   * @throws {Fault} `no-space`, …
   */
  deliver(messages: Iterable<readonly [base: string, keywords: Keywords]>): Promise<void> {
    return this.#queued(async () => {
      const spellings = new Spellings(this.#inUse)
      const groups = new Groups()
      for (const [base, keywords] of messages) groups.add(base, cleaned(keywords, spellings))
      for (const [keywords, bases] of groups) {
        if (keywords.length === 0) continue
        const {waiting} = await writeSets(this.#folder, bases, keywords, this.#context)
        if (waiting.length > 0) throw new Fault('busy', `"${waiting[0]}" has keywords already`)
        for (const base of bases) this.#set(base, keywords, false)
      }
    })
  }

  /** Keywords of some message are known. */
  get hasAny(): boolean {
    return this.#sets.size > 0 || this.#present.size > 0
  }

  /** Says which new messages the folder has: their keywords are in use from now on. */
  came(bases: Iterable<string>): void {
    if (this.#sets.size === 0) return
    for (const base of bases) if (this.of(base).length > 0) this.#count(base, 1)
    this.#renewInUse()
  }

  /** Says which messages the folder no longer has. Their files go at the next tidying. */
  gone(bases: Iterable<string>): void {
    for (const base of bases) {
      this.#count(base, -1)
      this.#sets.delete(base)
    }
    this.#renewInUse()
  }

  #queued<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run).catch((error: unknown) => {
      throw fileFault(error, `Keywords of "${this.#folder}"`)
    })
    this.#last = result.catch(() => {}) // whoever asked has the error
    return result
  }

  async #loadUntold(options: LoadOptions): Promise<Loaded> {
    const loaded = await this.#load(options)
    for (const base of loaded.changed) this.#untold.add(base)
    return loaded
  }

  async #load({exists, consolidate: mayWrite}: LoadOptions): Promise<Loaded> {
    const {files} = this.#context
    const path = `${this.#folder}/courierimapkeywords`
    const directory = await readKeywordDirectory(path, {files, before: this.#memory, known: this.#inUse})
    this.#memory = directory?.memory ?? NOTHING_READ
    const changed = this.#take(directory ? mergedSets(directory) : new Map(), exists)
    let problem: Error | undefined
    if (directory && mayWrite) {
      try {
        const list = await consolidate(this.#folder, directory, exists, this.#context)
        this.#memory = {...this.#memory, list}
      } catch (error) {
        problem = fileFault(error, `Keywords of "${this.#folder}" cannot be saved`)
        if (!(problem instanceof Fault)) throw problem
      }
    }
    return {changed, problem}
  }

  /** Takes over what was read. */
  #take(sets: Map<string, Keywords>, exists: (base: string) => boolean): string[] {
    const changed: string[] = []
    for (const [base, keywords] of sets) if (!isSameSet(keywords, this.of(base))) changed.push(base)
    for (const [base, keywords] of this.#sets) if (keywords.length > 0 && !sets.has(base)) changed.push(base)
    this.#sets = sets
    this.#present = new Set()
    this.#uses = new Map()
    for (const [base, keywords] of sets) if (keywords.length > 0 && exists(base)) this.#count(base, 1)
    this.#renewInUse()
    return changed
  }

  async #change(bases: readonly string[], change: KeywordChange, options: LoadOptions): Promise<string[]> {
    const changed = new Set<string>()
    let waiting: readonly string[] = bases
    for (let round = 0; waiting.length > 0; round += 1) {
      if (round === TRIES) throw new Fault('busy', `Keywords in "${this.#folder}" are changed by another program all the time`)
      if (round > 0) {
        // What is pending becomes part of the list, which makes room for the next change.
        const {problem} = await this.#loadUntold({...options, consolidate: true})
        if (problem) throw problem
      }
      const next: string[] = []
      for (const [keywords, group] of this.#groups(waiting, change)) {
        const {waiting: refused} = await writeSets(this.#folder, group, keywords, this.#context)
        const isRefused = new Set(refused)
        for (const base of group) {
          if (isRefused.has(base)) continue
          this.#set(base, keywords, options.exists(base))
          changed.add(base)
        }
        next.push(...refused)
      }
      waiting = next
    }
    this.#renewInUse()
    return [...changed]
  }

  /** The messages that the change changes, those that will have the same keywords together. */
  #groups(bases: readonly string[], {mode, keywords}: KeywordChange): Groups {
    const spellings = new Spellings(this.#inUse)
    const given = cleaned(keywords, spellings)
    const groups = new Groups()
    for (const base of new Set(bases)) {
      const current = spellings.set(this.of(base))
      const result = applied(mode, current, given)
      if (!isSameSet(result, current)) groups.add(base, result)
    }
    return groups
  }

  #set(base: string, keywords: Keywords, isPresent: boolean): void {
    this.#count(base, -1)
    this.#sets.set(base, keywords)
    if (isPresent && keywords.length > 0) this.#count(base, 1)
  }

  #count(base: string, step: 1 | -1): void {
    if (this.#present.has(base) === (step === 1)) return
    if (step === 1) this.#present.add(base)
    else this.#present.delete(base)
    for (const keyword of this.of(base)) {
      const uses = (this.#uses.get(keyword) ?? 0) + step
      if (uses > 0) this.#uses.set(keyword, uses)
      else this.#uses.delete(keyword)
    }
  }

  #renewInUse(): void {
    const isSame = this.#inUse.length === this.#uses.size && this.#inUse.every((keyword) => this.#uses.has(keyword))
    if (!isSame) this.#inUse = [...this.#uses.keys()]
  }
}

function cleaned(keywords: readonly string[], spellings: Spellings): Keywords {
  return spellings.set(keywords.filter((keyword) => keyword !== '').map(cleanKeyword))
}

/** Messages, those with the same keywords together. */
class Groups {
  readonly #groups = new Map<string, {readonly keywords: Keywords; readonly bases: string[]}>()

  add(base: string, keywords: Keywords): void {
    const key = keywords.join('\n')
    const group = this.#groups.get(key)
    if (group) group.bases.push(base)
    else this.#groups.set(key, {keywords, bases: [base]})
  }

  *[Symbol.iterator](): Generator<readonly [Keywords, readonly string[]]> {
    for (const {keywords, bases} of this.#groups.values()) yield [keywords, bases]
  }
}

/** The keywords after a change. */
export function applied(mode: KeywordChange['mode'], current: Keywords, given: Keywords): Keywords {
  switch (mode) {
    case 'replace':
      return given
    case 'add':
      return current.concat(given.filter((keyword) => !current.includes(keyword)))
    case 'remove':
      return current.filter((keyword) => !given.includes(keyword))
  }
}
