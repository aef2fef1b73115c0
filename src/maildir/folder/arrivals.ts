/**
 * Puts new messages into a folder under UIDs of their own.
 *
 * The files wait in `tmp/`, synced. Then, under the lock: the new UID database is written and synced, the files are
 * renamed into `cur/`, the database is renamed, and both directories are synced; only then is anybody told
 * (`design.md` §3). All that wait for the same folder share one such round.
 */
import {fileFault} from '../file-fault.js'
import {withFlags} from '../file-names.js'
import type {FlagBits, Uid} from '../types.js'
import {Folder} from './folder.js'
import type {MessageRow} from './snapshot.js'

/** A message file that waits in `tmp/`. */
export interface Arrival {
  /** Path of the file that waits. */
  readonly temporary: string
  /** Base name for `cur/`: new and unique. */
  readonly base: string
  readonly flags: FlagBits
  readonly keywords: readonly string[]
}

interface Group {
  readonly arrivals: readonly Arrival[]
  readonly done: (uids: readonly Uid[]) => void
  readonly failed: (error: unknown) => void
}

/** The queue of one folder. */
export class Arrivals {
  readonly #folder: Folder
  #waiting: Group[] = []
  #working = false

  constructor(folder: Folder) {
    this.#folder = folder
  }

  /** Adds messages, all or none; answers with their UIDs when they are on disk. On failure the waiting files are removed. */
  add(arrivals: readonly Arrival[]): Promise<readonly Uid[]> {
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
          const uids = await this.#folder.locked(() => this.#commit(groups.flatMap(({arrivals}) => arrivals)))
          let at = 0
          for (const {arrivals, done} of groups) {
            done(uids.slice(at, at + arrivals.length))
            at += arrivals.length
          }
        } catch (error) {
          await this.#discard(groups)
          const fault = fileFault(error, `Cannot store in "${this.#folder.name}"`)
          for (const {failed} of groups) failed(fault)
        }
      })
    }
    this.#working = false
  }

  async #commit(arrivals: readonly Arrival[]): Promise<readonly Uid[]> {
    const folder = this.#folder
    const {files} = folder.env
    await folder.ensureCurrent()
    const uids = folder.nextUids(arrivals.length)
    const rows: MessageRow[] = arrivals.map(({base, flags}, place) => ({
      uid: uids[place] as Uid,
      base,
      info: withFlags('', flags),
      flags,
      keywordSet: 0,
      modseq: 0,
    }))
    const next = folder.snapshot.append(rows)
    const prepared = await folder.uidFile.prepare(
      {uidValidity: folder.uidValidity, uidNext: folder.uidNext + uids.length},
      Folder.uidLines(next),
    )
    const inPlace: string[] = []
    try {
      // Before the messages are there: a scan must not see one without its keywords.
      const tagged = arrivals.filter(({keywords}) => keywords.length > 0 && folder.env.keywordsMode !== 0)
      await folder.keywordFiles.deliver(tagged.map(({base, keywords}) => [base, keywords] as const))
      for (const {temporary, base, flags} of arrivals) {
        const path = `${folder.path}/cur/${withFlags(base, flags)}`
        await files.rename(temporary, path)
        inPlace.push(path)
      }
      await prepared.commit()
      folder.giveUids(uids)
    } catch (error) {
      await prepared.discard()
      for (const path of inPlace) await files.unlink(path).catch(() => false)
      folder.touched()
      throw error
    }
    await Promise.all([files.syncDirectory(`${folder.path}/cur`), files.syncDirectory(folder.path)])
    folder.touched({recent: uids})
    folder.apply({added: rows.map((row) => ({...row, keywordSet: folder.keywordTable.numberOf(folder.keywordFiles.of(row.base))}))})
    return uids
  }

  async #discard(groups: readonly Group[]): Promise<void> {
    for (const {arrivals} of groups) for (const {temporary} of arrivals) await this.#folder.env.files.unlink(temporary).catch(() => false)
  }
}
