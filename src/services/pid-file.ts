/**
 * Which process is the daemon: a pid file, sure as long as `FILE.lock` is locked, as Courier's programs have it
 * (`spec/server-config-tls.md` §1.9). A file that a dead daemon left behind means nothing.
 */
import {type FileHandle, open, readFile, rm, writeFile} from 'node:fs/promises'
import {loadTryLock, type TryLock} from '../auth/native.js'
import {Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'

export interface PidFileOptions {
  /** The pid file; the lock is beside it. */
  readonly path: string
  readonly tryLock: TryLock
}

export class PidFile {
  readonly #path: string
  readonly #lockPath: string
  readonly #tryLock: TryLock
  #lock: FileHandle | undefined

  constructor({path, tryLock}: PidFileOptions) {
    this.#path = path
    this.#lockPath = `${path}.lock`
    this.#tryLock = tryLock
  }

  /** Takes the lock for as long as this process lives; false when another one has it. @throws {Fault} `io-error` */
  async take(): Promise<boolean> {
    this.#lock = await this.#locked()
    return this.#lock !== undefined
  }

  /** Names this process. */
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

  /** The file that is locked, while it is. */
  get lock(): number | undefined {
    return this.#lock?.fd
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

/** A pid file that is this process's. */
export interface HeldPidFile {
  readonly path: string | undefined
  /** Who has this file open has the lock. */
  readonly lock: number | undefined
  readonly release: () => Promise<void>
}

/**
 * Takes the pid file of a server, before it gives its rights up. Without a path there is none.
 *
 * @throws {Fault} `busy` when a process that lives has it, `io-error`
 */
export async function holdPidFile(path: string | undefined): Promise<HeldPidFile> {
  if (path === undefined) return {path, lock: undefined, release: async () => undefined}
  const pidFile = new PidFile({path, tryLock: loadTryLock()})
  if (!(await pidFile.take())) throw new Fault('busy', `Another server runs: process ${(await pidFile.running()) ?? 'unknown'} has ${path}`)
  try {
    await pidFile.write(process.pid)
  } catch (error) {
    throw new Fault('io-error', `${path}: ${systemText(error)}`, {cause: error})
  }
  return {path, lock: pidFile.lock, release: () => pidFile.release()}
}
