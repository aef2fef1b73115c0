import {loadCrypt} from '../native.js'
import {md5Crypt} from './md5-crypt.js'
import {shaCrypt} from './sha-crypt.js'

export interface CryptHash {
  /** undefined: the setting is not one that this system knows. */
  readonly hash: string | undefined
  /** False: the system has no crypt(3), and ours does not know the setting. */
  readonly supported: boolean
}

/** Longest password that libxcrypt takes; ours needs the square of it. */
const MAX_PASSWORD_OCTETS = 511

/** crypt(3) of the system, or ours for the common schemes. The function blocks its thread, up to many milliseconds. */
export function cryptHasher(): (password: Buffer, setting: string) => CryptHash {
  const system = loadCrypt()
  return (password, setting) => {
    if (password.length > MAX_PASSWORD_OCTETS) return {hash: undefined, supported: true}
    const hash = system ? system(password, setting) : (md5Crypt(password, setting) ?? shaCrypt(password, setting))
    return {hash, supported: system !== undefined || hash !== undefined}
  }
}
