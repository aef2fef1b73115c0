/** Message files that are being written. */
import {close, closeSync, fstatSync, fsync, futimes, futimesSync, write, writeSync} from 'node:fs'
import {promisify} from 'node:util'
import {factsOf} from './file-facts.js'
import type {FileFacts, NewFile} from './files.js'
import type {LoopCalls} from './loop-calls.js'

const syncLater = promisify(fsync)
const writeLater = promisify(write)
const touchLater = promisify(futimes)

/** Octets that are written on the loop in one go: the page cache takes them at once. */
const WRITE_ON_LOOP_BYTES = 64 * 1024

export class NodeNewFile implements NewFile {
  readonly #descriptor: number
  readonly #calls: LoopCalls | undefined
  #open = true

  /** Without `calls`, all go through the thread pool. */
  constructor(descriptor: number, calls: LoopCalls | undefined) {
    this.#descriptor = descriptor
    this.#calls = calls
  }

  async write(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const length = chunk.length - at
      if (length <= WRITE_ON_LOOP_BYTES && this.#calls?.onLoop)
        at += this.#calls.timed(() => writeSync(this.#descriptor, chunk, at, length))
      else at += (await writeLater(this.#descriptor, chunk, at, length, null)).bytesWritten
    }
  }

  facts(): FileFacts {
    return factsOf(fstatSync(this.#descriptor, {bigint: true}))
  }

  async finish({sync, mtimeMs}: {readonly sync: boolean; readonly mtimeMs?: number | undefined}): Promise<FileFacts> {
    if (mtimeMs !== undefined) await this.#touch(mtimeMs / 1000)
    if (sync) await syncLater(this.#descriptor)
    const facts = this.facts()
    this.#close()
    return facts
  }

  async #touch(seconds: number): Promise<void> {
    if (this.#calls) futimesSync(this.#descriptor, seconds, seconds)
    else await touchLater(this.#descriptor, seconds, seconds)
  }

  async abort(): Promise<void> {
    this.#close()
  }

  #close(): void {
    if (!this.#open) return
    this.#open = false
    if (this.#calls) closeSync(this.#descriptor)
    // Over a network this may write what is left: what has to be there was synced.
    else close(this.#descriptor, () => {})
  }
}
