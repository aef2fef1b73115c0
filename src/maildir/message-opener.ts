import {constants} from 'node:fs'
import {type FileHandle, open} from 'node:fs/promises'
import {errnoOf} from '../support/fault.js'
import type {MessageDescriptors} from './message-descriptors.js'
import {native} from './native-path.js'

export const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
/** Not on every system. */
const NO_ACCESS_TIME: number = constants.O_NOATIME ?? 0

/** Failed because nothing is there. */
export function missing(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** O_NOFOLLOW on a link says ELOOP; a directory or a socket is no message either. */
function notAMessage(error: unknown): boolean {
  const code = errnoOf(error)
  return missing(error) || code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO'
}

/**
 * Opens message files for reading. Their access time is left alone: no Maildir program asks for it, and writing it
 * would be part of the first reading of each message.
 */
export class MessageOpener {
  readonly #descriptors: MessageDescriptors
  #flags = READ_FLAGS | NO_ACCESS_TIME

  constructor(descriptors: MessageDescriptors) {
    this.#descriptors = descriptors
  }

  /** A descriptor; undefined: it is missing, or no message. */
  now(path: string): number | undefined {
    try {
      return this.#descriptors.open(native(path), this.#flags)
    } catch (error) {
      if (notAMessage(error)) return undefined
      if (this.#mayTryAgain(error)) return this.now(path)
      throw error
    }
  }

  /** The same without keeping the loop. */
  async later(path: string): Promise<FileHandle | undefined> {
    try {
      return await open(native(path), this.#flags)
    } catch (error) {
      if (notAMessage(error)) return undefined
      if (this.#mayTryAgain(error)) return await this.later(path)
      throw error
    }
  }

  /** Only the owner may leave the time alone (open(2)); who reads messages of others does not ask for it again. */
  #mayTryAgain(error: unknown): boolean {
    if (this.#flags === READ_FLAGS || errnoOf(error) !== 'EPERM') return false
    this.#flags = READ_FLAGS
    return true
  }
}
