/** Which process is the daemon: `pid` in `authdaemonvar`, sure as long as `pid.lock` is locked (`spec/auth.md` §2). */
import {type FileHandle, mkdir, open, readFile, rm, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {TryLock} from '../../auth/native.js'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'

export interface PidFileOptions {
  /** `authdaemonvar` */
  readonly directory: string
  readonly tryLock: TryLock
}

export class PidFile {
  readonly #path: string
  readonly #lockPath: string
  readonly #tryLock: TryLock
  #lock: FileHandle | undefined

  constructor({directory, tryLock}: PidFileOptions) {
    this.#path = join(directory, 'pid')
    this.#lockPath = join(directory, 'pid.lock')
    this.#tryLock = tryLock
  }

  /** Takes the lock for as long as this process lives; false when another one has it. @throws {Fault} `io-error` */
  async take(): Promise<boolean> {
    this.#lock = await this.#locked()
    return this.#lock !== undefined
  }

  /** Names this process. Call when it answers. */
  async write(pid: number): Promise<void> {
    await writeFile(this.#path, `${pid}\n`, {mode: 0o644})
  }

  /** The process that has the lock; undefined when none has. */
  async running(): Promise<number | undefined> {
    const lock = await this.#locked().catch(() => undefined)
    if (lock) {
      await lock.close()
      return undefined
    }
    const text = await readFile(this.#path, 'latin1').catch(() => '')
    const pid = Number(/^\d{1,9}$/.exec(text.trim())?.[0] ?? 0)
    return pid > 1 ? pid : undefined
  }

  async release(): Promise<void> {
    if (!this.#lock) return
    await rm(this.#path, {force: true}).catch(() => undefined)
    await this.#lock.close()
    this.#lock = undefined
  }

  async #locked(): Promise<FileHandle | undefined> {
    let file: FileHandle
    try {
      file = await open(this.#lockPath, 'a', 0o600)
    } catch (error) {
      throw new Fault('io-error', `${this.#lockPath}: ${systemText(error)}`, {cause: error})
    }
    if (this.#tryLock(file.fd)) return file
    await file.close()
    return undefined
  }
}

/** Makes the directory of socket and pid file. Its group decides who may ask. @throws {Fault} `io-error` */
export async function makeDaemonDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, {recursive: true, mode: 0o750})
  } catch (error) {
    throw new Fault('io-error', `${path}: ${systemText(error)}`, {cause: error})
  }
}
