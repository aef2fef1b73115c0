/** Lines appended to a file, one write after the other, in bounded memory. */
import {appendFile, close, open, openSync} from 'node:fs'
import {promisify} from 'node:util'
import {Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'

/** What may wait for a slow disk. */
const MAX_WAITING_OCTETS = 4 * 1024 * 1024
const MODE = 0o640

export class LineFile {
  readonly #path: string
  #fd: number
  #waiting: string[] = []
  #waitingOctets = 0
  #working: Promise<void> | undefined
  /** Lines that could not be written. */
  lost = 0

  /** Opens the file at once: later the process may be a user who may not. @throws {Fault} `bad-configuration` */
  constructor(path: string) {
    this.#path = path
    try {
      this.#fd = openSync(path, 'a', MODE)
    } catch (error) {
      throw new Fault('bad-configuration', `The log cannot be written to ${path}: ${systemText(error)}`, {cause: error})
    }
  }

  /** A line with its line end. */
  write(line: string): void {
    if (this.#waitingOctets > MAX_WAITING_OCTETS) {
      this.lost += 1
      return
    }
    this.#waiting.push(line)
    this.#waitingOctets += line.length
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      this.#waiting = []
      this.#waitingOctets = 0
      try {
        await promisify(appendFile)(this.#fd, lines.join(''))
      } catch {
        this.lost += lines.length
      }
    }
  }

  /** The file has been moved away: what comes goes to a new one, or on to the old one while there can be no new one. */
  async reopen(): Promise<void> {
    const fresh = await promisify(open)(this.#path, 'a', MODE).catch(() => undefined)
    if (fresh === undefined) return
    const old = this.#fd
    this.#fd = fresh
    await this.#working
    await promisify(close)(old)
  }

  /** Writes what waits and closes. */
  async close(): Promise<void> {
    await this.#working
    await promisify(close)(this.#fd)
  }
}
