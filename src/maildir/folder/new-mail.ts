/** Takes what was delivered into `new/` over to `cur/`. */
import {errnoOf} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import type {StoreEnvironment} from '../environment.js'
import {nameInCur} from '../file-names.js'
import type {FileFacts} from '../files.js'
import type {CurChanges} from './cur-changes.js'
import {isSettled, nowNs, sameFacts, samePlace} from './identity.js'
import type {NameTable} from './known-names.js'
import {likelyInfos, splitName} from './reconcile.js'

export interface NewMailOptions {
  readonly env: StoreEnvironment
  /** The folder, in octets. */
  readonly path: string
  readonly cur: CurChanges
  readonly names: NameTable
}

/** A message that came from `new/`, as it is called in `cur/` now. */
export interface MovedMessage {
  readonly base: string
  readonly info: string
}

export interface Moved {
  readonly messages: readonly MovedMessage[]
  /** There is more; the lock has to be given back first. */
  readonly isFull: boolean
}

/** Files that are moved under one hold of the lock: others wait meanwhile. */
const FILES_AT_ONCE = 350
/** Where others have changed `cur/`: what a program may have called a message in the moment of taking it. */
const INFOS = likelyInfos([])
const NOTHING: Moved = {messages: [], isFull: false}

export class NewMail {
  readonly #options: NewMailOptions
  /** `new/` when it was last found empty, and when that reading of it began. */
  #empty: {readonly facts: FileFacts | undefined; readonly beganNs: bigint} = {facts: undefined, beganNs: 0n}

  constructor(options: NewMailOptions) {
    this.#options = options
  }

  /** It is known to be empty now. */
  takeUp(facts: FileFacts | undefined): void {
    this.#empty = {facts, beganNs: nowNs(this.#options.env)}
  }

  /** `new/`, as it is now, was found empty, and a later delivery would show in its time stamps. */
  isKnownEmpty(now: FileFacts | undefined): boolean {
    const {env, path} = this.#options
    const {facts, beganNs} = this.#empty
    return facts !== undefined && sameFacts(now, facts) && env.files.isLocal(path) && isSettled([facts], beganNs)
  }

  /** Moves up to a lock's worth of files to `cur/`. Call it under the lock. */
  async move(): Promise<Moved> {
    const {env, path, cur} = this.#options
    const beganNs = nowNs(env)
    const before = env.files.stat(`${path}/new`)
    if (this.isKnownEmpty(before)) return NOTHING
    const waiting = (await this.#list()).filter((name) => !name.startsWith('.'))
    this.#empty = {facts: waiting.length === 0 ? before : undefined, beganNs}
    return waiting.length === 0 ? NOTHING : cur.during(() => this.#takeAll(waiting))
  }

  async #takeAll(waiting: readonly string[]): Promise<Moved> {
    const {env, path, cur, names} = this.#options
    await names.make()
    const messages: MovedMessage[] = []
    const pace = new Pace()
    const endings = cur.isKnown(env.files.stat(`${path}/cur`)) ? [] : INFOS
    for (const name of waiting.slice(0, FILES_AT_ONCE)) {
      try {
        const moved = await this.#take(name, endings)
        if (moved) messages.push(moved)
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') continue // somebody else moved it
        env.log.warning('maildir.rename-failed', {path: `${path}/new/${name}`, reason: String(error)})
        return {messages, isFull: false}
      }
      if (pace.due) await pace.pause()
    }
    return {messages, isFull: waiting.length > FILES_AT_ONCE}
  }

  async #list(): Promise<string[]> {
    try {
      return await this.#options.env.files.list(`${this.#options.path}/new`)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    }
  }

  /**
   * Moves one file from `new/` to `cur/`. A delivery must never replace a message: one that has the same base name by
   * accident gets another. What a program is just taking by link and unlink is in `cur/` already; it must not become two.
   * `endings`: those that it may have there, besides the one that we know it by and the one that we would give it.
   */
  async #take(name: string, endings: readonly string[]): Promise<MovedMessage | undefined> {
    const {env, path: folder, names} = this.#options
    const {files} = env
    const waiting = `${folder}/new/${name}`
    const {base, info} = splitName(nameInCur(name))
    const facts = files.stat(waiting)
    if ((facts?.links ?? 0) > 1) {
      const known = names.indexOf(base)
      const infos = new Set([info, ...endings, ...(known < 0 ? [] : [names.infoAt(known)])])
      if ([...infos].some((ending) => samePlace(files.stat(`${folder}/cur/${base}${ending}`), facts))) {
        await files.unlink(waiting)
        return undefined
      }
    }
    let free = base
    for (let number = 1; names.indexOf(free) >= 0 || files.stat(`${folder}/cur/${free}${info}`); number += 1) free = `${base}_${number}`
    await files.rename(waiting, `${folder}/cur/${free}${info}`)
    return {base: free, info}
  }
}
