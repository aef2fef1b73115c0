/**
 * Puts new messages into a folder under UIDs of their own.
 *
 * The files wait in `tmp/`, or are messages of other folders. Then, under the lock: the files and the new UID database
 * are synced side by side, the files are renamed or linked into `cur/`, the database is renamed, and both directories
 * are synced; only then is anybody told (`design.md` §3). All that wait for the same folder share one such round.
 */
import {errnoOf} from '../../support/fault.js'
import {fileFault} from '../file-fault.js'
import {infoWithFlags} from '../file-names.js'
import type {FlagBits, Uid} from '../types.js'
import type {MessageRow} from './chunk.js'
import {uidLines} from './contents.js'
import type {Folder} from './folder.js'

/** A message on its way into `cur/`. */
export interface Arrival {
  /** Path of its file: it waits in `tmp/`, unless it is `linked`. */
  readonly file: string
  /** The file is a message of another folder and stays there too. */
  readonly linked?: boolean
  /** Base name for `cur/`: new and unique. */
  readonly base: string
  readonly flags: FlagBits
  readonly keywords: readonly string[]
  /** Puts the file's content on disk, when it is not there yet. */
  readonly settle?: () => Promise<unknown>
}

/** Reasons for which a link to another folder's message cannot be made, and something else may help. */
export const CANNOT_LINK: ReadonlySet<string | undefined> = new Set(['ENOENT', 'EXDEV', 'EMLINK', 'EPERM', 'EOPNOTSUPP', 'ENOSYS'])

interface Group {
  readonly arrivals: readonly Arrival[]
  readonly done: (uids: readonly (Uid | undefined)[]) => void
  readonly failed: (error: unknown) => void
}

interface PlaceOutcome {
  /** Gets the paths of files that have their names in `cur/`. */
  readonly inPlace: string[]
  /** Gets the base names of those that could not be linked. */
  readonly notLinked: Set<string>
}

/** The queue of one folder. */
export class Arrivals {
  readonly #folder: Folder
  #waiting: Group[] = []
  #working = false

  constructor(folder: Folder) {
    this.#folder = folder
  }

  /**
   * Adds messages, all or none but for those that could not be linked; answers with their UIDs when they are on disk. On
   * failure the waiting files are removed.
   */
  add(arrivals: readonly Arrival[]): Promise<readonly (Uid | undefined)[]> {
    return new Promise((done, failed) => {
      this.#waiting.push({arrivals, done, failed})
      if (!this.#working) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#waiting.length > 0) {
      await this.#folder.exclusive(async () => {
        const groups = this.#waiting
        this.#waiting = []
        try {
          await this.#folder.locked(() => this.#commit(groups))
        } catch (error) {
          await this.#fail(groups, error)
        }
      })
    }
    this.#working = false
  }

  async #commit(groups: readonly Group[]): Promise<void> {
    const folder = this.#folder
    const {files} = folder.env
    await folder.ensureCurrent()
    const uids = folder.nextUids(groups.reduce((count, {arrivals}) => count + arrivals.length, 0))
    let next = 0
    const placed = groups.map((group) => ({group, rows: group.arrivals.map((arrival) => rowOf(arrival, uids[next++] as Uid))}))
    const all = placed.flatMap(({rows}) => rows)
    const header = {uidValidity: folder.uidValidity, uidNext: folder.uidNext + uids.length}
    const lines = all.map(({base, uid}) => [base, uid] as const)
    const [prepared, ...settled] = await Promise.all([
      folder.uidFile.prepareMore(header, lines, () => uidLines(folder.snapshot.append(all))),
      ...placed.map(({group}) => this.#settle(group)),
    ])
    // A message that cannot be stored fails alone; its line in the database names nothing and goes at the next scan.
    const sound = placed.filter((_, place) => settled[place])
    const inPlace: string[] = []
    const notLinked = new Set<string>()
    let committed = false
    const arrivals = sound.flatMap(({group}) => group.arrivals)
    const tagged = folder.env.keywordsMode === 0 ? [] : arrivals.filter(({keywords}) => keywords.length > 0)
    try {
      // Before the messages are there: a scan must not see one without its keywords.
      await folder.keywordFiles.deliver(tagged.map(({base, keywords}) => [base, keywords] as const))
      await folder.changing(() => this.#place(arrivals, {inPlace, notLinked}))
      if (inPlace.length === 0) {
        await prepared.discard()
        for (const {group} of sound) group.done(group.arrivals.map(() => undefined))
        return
      }
      await prepared.commit()
      committed = true
      folder.giveUids(uids)
      await Promise.all([files.syncDirectory(`${folder.path}/cur`), files.syncDirectory(folder.path)])
    } catch (error) {
      if (!committed) await prepared.discard()
      for (const path of inPlace) await files.unlink(path).catch(() => false)
      folder.touched({gone: committed})
      throw error
    }
    const rows = sound.flatMap((each) => each.rows).filter(({base}) => !notLinked.has(base))
    folder.touched({recent: rows.map(({uid}) => uid), gone: rows.length < all.length})
    const keywordsOf = (row: MessageRow) => ({...row, keywordSet: folder.keywordTable.numberOf(folder.keywordFiles.of(row.base))})
    folder.apply({added: tagged.length === 0 ? rows : rows.map(keywordsOf)})
    for (const {group, rows: own} of sound) group.done(own.map(({uid, base}) => (notLinked.has(base) ? undefined : uid)))
  }

  /** Gives the files their names in `cur/`. @throws what a file call throws: some may be in place */
  async #place(arrivals: readonly Arrival[], outcome: PlaceOutcome): Promise<void> {
    const own = arrivals.filter(({linked}) => !linked)
    if (own.length > 0) await this.#move(own, outcome)
    if (own.length < arrivals.length) await this.#link(own.length === 0 ? arrivals : arrivals.filter(({linked}) => linked), outcome)
  }

  /** Files that wait in `tmp/`. @throws as `#place` */
  async #move(arrivals: readonly Arrival[], {inPlace}: PlaceOutcome): Promise<void> {
    const {path: folder, env} = this.#folder
    const moves = arrivals.map((arrival) => ({from: arrival.file.slice(folder.length + 1), to: `cur/${nameOf(arrival)}`}))
    const failures = await env.files.renameAll(folder, moves)
    for (let place = 0; place < moves.length; place += 1) if (!failures[place]) inPlace.push(`${folder}/${moves[place]?.to}`)
    const failure = failures.find((each) => each !== undefined)
    if (failure) throw failure
  }

  /** Messages of another folder. @throws as `#place` */
  async #link(arrivals: readonly Arrival[], {inPlace, notLinked}: PlaceOutcome): Promise<void> {
    const {path: folder, env} = this.#folder
    const links = arrivals.map((arrival) => ({from: arrival.file, to: `${folder}/cur/${nameOf(arrival)}`}))
    const refusals = await env.files.linkAll(links)
    let refusal: Error | undefined
    for (let place = 0; place < links.length; place += 1) {
      const error = refusals[place]
      if (!error) inPlace.push(links[place]?.to ?? '')
      else if (CANNOT_LINK.has(errnoOf(error))) notLinked.add(arrivals[place]?.base ?? '')
      else refusal ??= error
    }
    if (refusal) throw refusal
  }

  /** Puts the files of a group on disk; false when that failed and the group was told. */
  async #settle(group: Group): Promise<boolean> {
    try {
      await Promise.all(group.arrivals.map(({settle}) => settle?.()))
      return true
    } catch (error) {
      await this.#fail([group], error)
      return false
    }
  }

  async #fail(groups: readonly Group[], error: unknown): Promise<void> {
    const fault = fileFault(error, `Cannot store in "${this.#folder.name}"`)
    for (const {arrivals, failed} of groups) {
      for (const {file, linked} of arrivals) if (!linked) await this.#folder.env.files.unlink(file).catch(() => false)
      failed(fault)
    }
  }
}

/** Of its file in `cur/`. */
function nameOf({base, flags}: Arrival): string {
  return base + infoWithFlags('', flags)
}

function rowOf({base, flags}: Arrival, uid: Uid): MessageRow {
  return {uid, base, info: infoWithFlags('', flags), flags, keywordSet: 0, modseq: 0}
}
