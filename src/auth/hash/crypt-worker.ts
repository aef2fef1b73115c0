/** A thread that runs crypt(3): hashing takes up to many milliseconds and blocks (`design.md` §4). Made by `crypt-pool.ts`. */
import {readlinkSync} from 'node:fs'
import {getPriority, setPriority} from 'node:os'
import {parentPort} from 'node:worker_threads'
import {type CryptHash, cryptHasher} from './crypt-hash.js'

export interface CryptRequest {
  readonly id: number
  readonly password: Uint8Array
  readonly setting: string
}

export interface CryptReply extends CryptHash {
  readonly id: number
}

/** Beyond that of the process: a tenth of a processor's time while the event loop wants it too, all of it while that waits. */
const NICE = 10
const LEAST_PRIORITY = 19

/**
 * The event loop goes before this thread: else, on a machine whose processors are all busy, sessions wait for hashes. Only
 * Linux has priorities for single threads; where they may not be set, all share as equals.
 */
function giveWay(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').replace(/^.*\//, '')), Math.min(LEAST_PRIORITY, getPriority() + NICE))
  } catch {
    // No Linux, no /proc, or forbidden.
  }
}

const hasher = cryptHasher()
giveWay()

function answer({id, password, setting}: CryptRequest): CryptReply {
  const octets = Buffer.from(password.buffer, password.byteOffset, password.byteLength)
  return {id, ...hasher(octets, setting)}
}

parentPort?.on('message', (request: CryptRequest) => {
  const reply = answer(request)
  request.password.fill(0)
  parentPort?.postMessage(reply)
})
