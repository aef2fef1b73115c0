import {Fault} from '../../support/fault.js'
import {type CryptHash, cryptHasher} from './crypt-hash.js'
import type {RecentChecks} from './recent-checks.js'

export interface CryptJob {
  /** Octets, one character for each. */
  readonly password: string
  /** Scheme and salt, usually the stored hash. */
  readonly setting: string
  /** Address of the client: addresses take turns. */
  readonly remote: string
}

/** Who computes hashes by crypt(3). */
export interface PasswordCrypt {
  /** What was right a short time ago; without it every check costs a hash. */
  readonly recent: RecentChecks | undefined
  /**
   * The hash, undefined when the setting is not a valid one.
   *
   * @throws {Fault} `unavailable` when it cannot be computed
   */
  hash(job: CryptJob): Promise<string | undefined>
}

/** The hash of an answer. @throws {Fault} `unavailable` */
export function supportedHash({hash, supported}: CryptHash): string | undefined {
  if (supported) return hash
  throw new Fault('unavailable', 'This system cannot compute the stored hash: it has no libcrypt')
}

/** In the thread that asks: for tools, which check one password and end. To start another thread takes longer than most hashes. */
export class CryptHere implements PasswordCrypt {
  readonly recent = undefined
  #hasher: ReturnType<typeof cryptHasher> | undefined

  async hash({password, setting}: CryptJob): Promise<string | undefined> {
    this.#hasher ??= cryptHasher()
    return supportedHash(this.#hasher(Buffer.from(password, 'latin1'), setting))
  }
}
