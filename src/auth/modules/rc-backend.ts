import {readFile} from 'node:fs/promises'
import type {Log} from '../../log/log.js'
import {Fault} from '../../support/fault.js'
import {type FileIdentity, identityOf, sameFile} from '../../support/keyed-database.js'
import {systemText} from '../../support/system-text.js'
import {parseRcFile, type RcValues} from './rc-file.js'

/** What a module makes from its rc file: settings together with their connections. */
export interface Backend {
  close(): Promise<void>
}

export interface RcBackendOptions<B extends Backend> {
  readonly path: string
  readonly log: Log
  /** Checks the settings and makes what uses them; connects to nothing yet. @throws {Fault} `bad-configuration` */
  readonly open: (values: RcValues) => B
}

/** Longer files are not rc files. */
const MAX_FILE_OCTETS = 1024 * 1024

/**
 * The back end that an rc file describes. The file is looked at for each request, and a changed one counts from then on; when
 * the new one is wrong the old settings stay in force (`spec/auth.md` §15).
 */
export class RcBackend<B extends Backend> {
  readonly #options: RcBackendOptions<B>
  #identity: FileIdentity | undefined
  #backend: B | undefined
  #problem: string | undefined
  #reading: Promise<void> | undefined
  #closed = false

  constructor(options: RcBackendOptions<B>) {
    this.#options = options
  }

  /** @throws {Fault} `unavailable` when there are no settings that can be used */
  async current(): Promise<B> {
    this.#reading ??= this.#refresh().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
    if (this.#closed) throw new Fault('unavailable', 'The account source is closed')
    if (!this.#backend) throw new Fault('unavailable', this.#problem ?? `${this.#options.path} cannot be read`)
    return this.#backend
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#reading
    const backend = this.#backend
    this.#backend = undefined
    await backend?.close()
  }

  async #refresh(): Promise<void> {
    const {path, log, open} = this.#options
    try {
      // The identity from before the reading: a change during it is noticed at the next request.
      const found = identityOf(path)
      if (this.#closed || (this.#backend && this.#identity && sameFile(found, this.#identity))) return
      if (!found) throw new Fault('bad-configuration', `stat(${path}) failed`)
      if (found.size > MAX_FILE_OCTETS) throw new Fault('bad-configuration', `${path} is too long`)
      const backend = open(parseRcFile(await readFile(path, 'utf8'), path))
      const old = this.#backend
      this.#backend = backend
      this.#identity = found
      this.#problem = undefined
      old?.close().catch((error: unknown) => log.warning('auth.close-failed', {path, error}))
    } catch (error) {
      this.#report(error)
    }
  }

  /** Once for each problem, not for each login. */
  #report(error: unknown): void {
    const {path, log} = this.#options
    const text = error instanceof Fault ? error.message : systemText(error)
    const problem = `${text}${text.includes(path) ? '' : ` in ${path}`}${this.#backend ? '; the old settings stay in force, will try again later' : ''}`
    if (problem !== this.#problem) log.error('auth.bad-configuration', {path, reason: problem})
    this.#problem = problem
  }
}
