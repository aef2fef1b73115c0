/**
 * A session whose encryption ends in the front while a mail process serves it: octets go between the client's stream and the mail
 * process's local socket, with back-pressure on both sides (`design.md` §2).
 */
import {connect, type Socket} from 'node:net'
import type {Duplex} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import {errnoOf} from '../../support/fault.js'
import {LIMITS} from '../../wire/limits.js'

export interface RelayOptions {
  /** The mail process's socket. */
  readonly path: string
  /** What tells it which session this is: KEY_LENGTH characters. */
  readonly key: string
}

/** Of a key as text. */
export const KEY_LENGTH = 32

/** What is read of a mail process at once; used up before the next read, so all relays share it. */
const piece = Buffer.allocUnsafe(LIMITS.tlsPiece)

/** While more connections wait at the mail process's socket than may, which waits for 10 s. */
const FULL = {tries: 160, pauseMs: 50}

/**
 * Relays until both sides have ended, or one is gone; the client's stream is the caller's to close then. The mail process speaks
 * first: until then nothing of the client's is read.
 *
 * @throws {Error} when the mail process has ended without a word: the session is as whole as it was
 */
export async function relay(client: Duplex, options: RelayOptions): Promise<void> {
  for (let left = FULL.tries; ; left -= 1) {
    try {
      return await relayOnce(client, options)
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN' || left === 0) throw error
      await sleep(FULL.pauseMs)
    }
  }
}

function relayOnce(client: Duplex, {path, key}: RelayOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let hasBegun = false
    const mail = connect({
      path,
      allowHalfOpen: true,
      onread: {
        buffer: piece,
        callback: (octets, buffer) => {
          if (!hasBegun) toMail(client, mail)
          hasBegun = true
          // One write at a time: a TLS socket keeps a buffer as large as its largest write.
          client.write(Buffer.from(buffer.subarray(0, octets)), () => mail.resume())
          return false
        },
      },
    })
    const gone = () => mail.destroy()
    mail.once('error', reject)
    mail.once('connect', () => {
      mail.write(key, 'latin1')
      mail.resume()
    })
    mail.on('end', () => {
      if (hasBegun) client.end()
      else mail.destroy()
    })
    mail.on('close', () => {
      client.off('close', gone)
      if (hasBegun || client.destroyed) resolve()
      else reject(new Error('The mail process has ended without a word'))
    })
    client.on('close', gone)
    if (client.destroyed) gone()
  })
}

function toMail(client: Duplex, mail: Socket): void {
  client.on('data', (chunk: Buffer) => {
    if (!mail.write(chunk)) client.pause()
  })
  mail.on('drain', () => client.resume())
  client.on('end', () => mail.end())
  if (client.readableEnded) mail.end()
}
