/** Takes what was delivered into `new/` over to `cur/`. */
import {errnoOf} from '../../support/fault.js'
import type {StoreEnvironment} from '../environment.js'
import {nameInCur} from '../file-names.js'
import type {FileFacts} from '../files.js'
import {LOCK_BATCH} from './access.js'
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

  /** Moves up to a lock's worth of files to `cur/`; answers how many. Call it under the lock. */
  async move(): Promise<number> {
    const {env, path, cur} = this.#options
    const beganNs = nowNs(env)
    const before = env.files.stat(`${path}/new`)
    if (this.isKnownEmpty(before)) return 0
    const waiting = (await this.#list()).filter((name) => !name.startsWith('.'))
    this.#empty = {facts: waiting.length === 0 ? before : undefined, beganNs}
    return waiting.length === 0 ? 0 : cur.during(() => this.#takeAll(waiting.slice(0, LOCK_BATCH)))
  }

  /** Answers how many were moved; 0 when that does not work. */
  async #takeAll(names: readonly string[]): Promise<number> {
    const {env, path} = this.#options
    let moved = 0
    for (const name of names) {
      try {
        await this.#take(name)
        moved += 1
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') continue // somebody else moved it
        env.log.warning('maildir.rename-failed', {path: `${path}/new/${name}`, reason: String(error)})
        return 0
      }
    }
    return moved
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
   */
  async #take(name: string): Promise<void> {
    const {env, path: folder, names} = this.#options
    const {files} = env
    const waiting = `${folder}/new/${name}`
    const {base, info} = splitName(nameInCur(name))
    const path = (number: number, ending = info) => `${folder}/cur/${base}${number ? `_${number}` : ''}${ending}`
    const facts = files.stat(waiting)
    const isTaken = (ending: string) => samePlace(files.stat(path(0, ending)), facts)
    if ((facts?.links ?? 0) > 1 && likelyInfos(names.infos()).some(isTaken)) {
      await files.unlink(waiting)
      return
    }
    let number = 0
    while (files.stat(path(number))) number += 1
    await files.rename(waiting, path(number))
  }
}
