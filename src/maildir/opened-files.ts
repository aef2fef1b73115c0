/** Message files that are open for reading. */
import type {FileHandle} from 'node:fs/promises'
import type {FileFacts, OpenFile} from './files.js'
import type {ReadBuffers} from './read-buffers.js'

/** A small file, read whole when it was opened. */
export class HeldFile implements OpenFile {
  readonly facts: FileFacts
  readonly #buffer: Buffer
  readonly #buffers: ReadBuffers | undefined
  #whole: Buffer | undefined

  /** `buffer`: begins with the file's octets; it is given back to `buffers`. */
  constructor(facts: FileFacts, buffer: Buffer, buffers?: ReadBuffers) {
    this.facts = facts
    this.#buffer = buffer
    this.#buffers = buffers
    this.#whole = buffer.subarray(0, facts.size)
  }

  get whole(): Buffer | undefined {
    return this.#whole
  }

  async read(start: number, length: number): Promise<Buffer> {
    return this.#whole?.subarray(start, start + length) ?? Buffer.alloc(0)
  }

  close(): void {
    if (this.#whole === undefined) return
    this.#whole = undefined
    this.#buffers?.giveBack(this.#buffer)
  }
}

/** A large file, read in pieces. */
export class StreamedFile implements OpenFile {
  readonly facts: FileFacts
  readonly whole = undefined
  readonly #handle: FileHandle

  constructor(facts: FileFacts, handle: FileHandle) {
    this.facts = facts
    this.#handle = handle
  }

  async read(start: number, length: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(length, this.facts.size - start))
    const buffer = Buffer.allocUnsafe(wanted)
    let filled = 0
    while (filled < wanted) {
      const {bytesRead} = await this.#handle.read(buffer, filled, wanted - filled, start + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  }

  close(): void {
    this.#handle.close().catch(() => {}) // nothing is lost: it was open for reading only
  }
}
