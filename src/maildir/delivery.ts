/** A message on its way into a folder: written to `tmp/` as it comes in, then handed to the folder's arrivals. */
import type {StoreEnvironment} from './environment.js'
import {fileFault} from './file-fault.js'
import type {NewFile} from './files.js'
import type {Arrivals} from './folder/arrivals.js'
import type {Folder} from './folder/folder.js'
import type {Delivery, DeliveryOptions, Uid} from './types.js'
import type {UniqueName} from './unique-names.js'

const LF = 0x0a
const CR = 0x0d

/** Without CR octets (`spec/imap.md` §12.8); the same buffer when it has none. */
function withoutCr(chunk: Buffer): Buffer {
  if (chunk.indexOf(CR) < 0) return chunk
  return Buffer.from(chunk.toString('latin1').replaceAll('\r', ''), 'latin1')
}

export interface FolderDeliveryOptions {
  readonly env: StoreEnvironment
  readonly folder: Folder
  readonly arrivals: Arrivals
  readonly message: DeliveryOptions
  /** Asks whether the message fits the account's quota; the answer records it. @throws {Fault} `over-quota` */
  readonly admit: (bytes: number) => Promise<() => Promise<void>>
  /** The folder is not needed any more. */
  readonly onEnd: () => void
}

/** Opens the file in `tmp/`. @throws {Fault} `no-space`, `no-access` */
export async function startDelivery(options: FolderDeliveryOptions): Promise<Delivery> {
  const {env, folder} = options
  const name = env.names.message()
  const path = `${folder.path}/tmp/${name.temporary}`
  try {
    return new FolderDelivery(options, name, path, await env.files.begin(path, {mode: 0o666}))
  } catch (error) {
    options.onEnd()
    throw fileFault(error, `Cannot create a message in "${folder.name}"`)
  }
}

class FolderDelivery implements Delivery {
  readonly #options: FolderDeliveryOptions
  readonly #name: UniqueName
  readonly #path: string
  readonly #file: NewFile
  #bytes = 0
  #last = LF
  #ended = false

  constructor(options: FolderDeliveryOptions, name: UniqueName, path: string, file: NewFile) {
    this.#options = options
    this.#name = name
    this.#path = path
    this.#file = file
  }

  async write(chunk: Buffer): Promise<void> {
    const stored = withoutCr(chunk)
    if (stored.length === 0) return
    try {
      await this.#file.write(stored)
    } catch (error) {
      throw fileFault(error, `Cannot write a message to "${this.#options.folder.name}"`)
    }
    this.#bytes += stored.length
    this.#last = stored[stored.length - 1] ?? LF
  }

  async finish(): Promise<{readonly uidValidity: number; readonly uid: Uid}> {
    const {folder, arrivals, message, admit} = this.#options
    try {
      if (this.#bytes === 0 || this.#last !== LF) await this.write(Buffer.from('\n'))
      const record = await admit(this.#bytes)
      const facts = this.#file.facts()
      const {flags, keywords, internalDateMs: mtimeMs} = message
      const settle = () => this.#file.finish({sync: true, mtimeMs})
      const [uid] = await arrivals.add([{file: this.#path, base: this.#name.base(facts, facts.size), flags, keywords, settle}])
      this.#ended = true
      if (uid === undefined) throw new Error('A message without a UID')
      await record()
      return {uidValidity: folder.uidValidity, uid}
    } catch (error) {
      await this.#discard()
      throw fileFault(error, `Cannot store a message in "${folder.name}"`)
    } finally {
      this.#options.onEnd()
    }
  }

  async abort(): Promise<void> {
    await this.#discard()
    this.#options.onEnd()
  }

  async #discard(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    await this.#file.abort()
    await this.#options.env.files.unlink(this.#path).catch(() => false)
  }
}
