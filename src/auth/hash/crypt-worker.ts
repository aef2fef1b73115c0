/** A thread that runs crypt(3): hashing takes up to many milliseconds and blocks (`design.md` §4). Made by `crypt-pool.ts`. */
import {readlinkSync} from 'node:fs'
import {setPriority} from 'node:os'
import {parentPort} from 'node:worker_threads'
import {loadCrypt} from '../native.js'
import {md5Crypt} from './md5-crypt.js'
import {shaCrypt} from './sha-crypt.js'

export interface CryptRequest {
  readonly id: number
  readonly password: Uint8Array
  readonly setting: string
}

export interface CryptReply {
  readonly id: number
  /** Undefined: the setting is not one that this system knows. */
  readonly hash: string | undefined
  /** False: the system has no crypt(3), and ours does not know the setting. */
  readonly supported: boolean
}

/** Longest password that libxcrypt takes; ours needs the square of it. */
const MAX_PASSWORD_OCTETS = 511

/** A tenth of a processor's time while the event loop wants it too, all of it while that waits. */
const NICE = 10

/**
 * The event loop goes before this thread: else, on a machine whose processors are all busy, sessions wait for hashes. Only
 * Linux has priorities for single threads; where they may not be set, all share as equals.
 */
function giveWay(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').replace(/^.*\//, '')), NICE)
  } catch {
    // No Linux, no /proc, or forbidden.
  }
}

const system = loadCrypt()
giveWay()

function answer({id, password, setting}: CryptRequest): CryptReply {
  const octets = Buffer.from(password.buffer, password.byteOffset, password.byteLength)
  if (octets.length > MAX_PASSWORD_OCTETS) return {id, hash: undefined, supported: true}
  const hash = system ? system(octets, setting) : (md5Crypt(octets, setting) ?? shaCrypt(octets, setting))
  return {id, hash, supported: system !== undefined || hash !== undefined}
}

parentPort?.on('message', (request: CryptRequest) => {
  const reply = answer(request)
  request.password.fill(0)
  parentPort?.postMessage(reply)
})
