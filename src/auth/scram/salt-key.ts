import {mkdir, open, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {Log} from '../../log/log.js'
import {errnoOf} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'

const KEY_OCTETS = 32
const FILE = 'scram-salt-key'

export interface SaltKeyOptions {
  /** Directory for state; undefined: the key lives as long as the process. */
  readonly directory: string | undefined
  readonly log: Log
  readonly random: (octets: number) => Buffer
}

/**
 * The secret from which the salts follow that SCRAM shows for names without an account. It has to last: a salt that changes at a
 * restart would tell such a name from an account. Made when it is first needed.
 */
export class SaltKey {
  readonly #options: SaltKeyOptions
  #key: Promise<Buffer> | undefined

  constructor(options: SaltKeyOptions) {
    this.#options = options
  }

  /** Never fails: without a file, the key is of this process only, and that is logged. */
  readonly get = (): Promise<Buffer> => {
    this.#key ??= this.#find()
    return this.#key
  }

  async #find(): Promise<Buffer> {
    const {directory, log, random} = this.#options
    const fresh = random(KEY_OCTETS)
    if (directory === undefined) return fresh
    const path = join(directory, FILE)
    try {
      await mkdir(directory, {recursive: true, mode: 0o700})
      return (await made(path, fresh)) ?? usable(await readFile(path))
    } catch (error) {
      log.warning('auth.no-salt-key', {path, reason: `Salts for unknown names change at each start: ${systemText(error)}`})
      return fresh
    }
  }
}

/** Writes the key to a new file; undefined when there is one. */
async function made(path: string, key: Buffer): Promise<Buffer | undefined> {
  try {
    await using file = await open(path, 'wx', 0o600)
    await file.writeFile(key)
    return key
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw error
  }
}

function usable(key: Buffer): Buffer {
  if (key.length < KEY_OCTETS) throw new Error('The file is too short')
  return key
}
