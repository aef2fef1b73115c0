/**
 * `IMAPACCESSFILE` as it is now: looked at for each connection, so that what `makeimapaccess` has compiled counts at once.
 *
 * The compiled form is Courier's own, `IMAPACCESSFILE.dat` as GDBM: whichever of the two has made it, both read it.
 */
import type {Log} from '../../log/log.js'
import {type FileIdentity, identityOf, sameFile} from '../../support/file-identity.js'
import {readGdbm} from '../../support/gdbm-reader.js'
import type {AccessTable} from './access-rules.js'
import {readAccessText} from './access-text.js'
import {readAccessSource} from './read-access-source.js'

const NOBODY: AccessTable = new Map<string, string>()

/** What stands on disk. */
interface Found {
  readonly compiled: FileIdentity | undefined
  readonly text: FileIdentity | undefined
}

export class AccessFile {
  readonly #compiled: string
  readonly #text: string
  readonly #log: Log
  #found: Found | undefined
  #table: AccessTable = NOBODY
  #looking: Promise<void> | undefined
  #queued: Promise<void> | undefined

  constructor({compiled, text}: {readonly compiled: string; readonly text: string}, log: Log) {
    this.#compiled = compiled
    this.#text = text
    this.#log = log
  }

  /** The rules of the moment. Never rejects: what cannot be read leaves the rules as they were. */
  async table(): Promise<AccessTable> {
    // A look that has begun may have missed the newest change: the next one serves all who came meanwhile.
    if (this.#looking === undefined) await this.#begin()
    else {
      this.#queued ??= this.#looking.then(() => {
        this.#queued = undefined
        return this.#begin()
      })
      await this.#queued
    }
    return this.#table
  }

  #begin(): Promise<void> {
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #look(): Promise<void> {
    try {
      const compiled = identityOf(this.#compiled)
      // Without a compiled file the text counts as it stands.
      const text = compiled ? undefined : identityOf(this.#text)
      const before = this.#found
      if (before && sameFile(before.compiled, compiled) && sameFile(before.text, text)) return
      this.#found = {compiled, text}
      this.#table = compiled ? await this.#readCompiled() : text ? await this.#readText() : NOBODY
    } catch (error) {
      this.#log.error('access.unreadable', {path: this.#compiled, reason: error instanceof Error ? error.message : String(error)})
    }
  }

  async #readCompiled(): Promise<AccessTable> {
    try {
      const records = new Map<string, string>()
      for await (const [key, value] of readGdbm(this.#compiled)) records.set(key, value)
      return records
    } catch (error) {
      // Another build of Courier has other databases; the text says the same.
      const text = await readAccessSource(this.#text).catch(() => undefined)
      if (text === undefined) throw error
      this.#log.warning('access.text-used', {path: this.#text, reason: error instanceof Error ? error.message : String(error)})
      return readAccessText(text)
    }
  }

  async #readText(): Promise<AccessTable> {
    const records = readAccessText(await readAccessSource(this.#text))
    if (records.size > 0) this.#log.warning('access.text-used', {path: this.#text, reason: 'It is not compiled: run makeimapaccess'})
    return records
  }
}
