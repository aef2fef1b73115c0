import type {Socket} from 'node:net'
import {KEY_LENGTH} from './relay.js'

/** For the key after a connection, and for the other half of a pair to come. */
const PATIENCE_MS = 10_000
/** Connections that have not said a known key. */
const MAX_WAITING = 2_000

/** Matches the relays that connect to the sessions that the supervisor has announced, by their keys; either may come first. */
export class RelayedSessions {
  readonly #expected = new Map<string, (socket: Socket | undefined) => void>()
  readonly #arrived = new Map<string, Socket>()
  #unknown = 0

  /** The relay of that key; undefined when it does not come. */
  expect(key: string): Promise<Socket | undefined> {
    const arrived = this.#arrived.get(key)
    this.#arrived.delete(key)
    if (arrived) return Promise.resolve(arrived)
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), PATIENCE_MS)
      const settle = (socket: Socket | undefined) => {
        clearTimeout(timer)
        this.#expected.delete(key)
        resolve(socket)
      }
      this.#expected.set(key, settle)
    })
  }

  accept(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    if (this.#unknown >= MAX_WAITING) return void socket.destroy()
    this.#unknown += 1
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS)
    const over = () => {
      clearTimeout(timer)
      this.#unknown -= 1
    }
    socket.once('close', over)
    const look = () => {
      const key = socket.read(KEY_LENGTH) as Buffer | null
      if (key === null) return
      socket.off('readable', look)
      socket.off('close', over)
      over()
      this.#arrive(key.toString('latin1'), socket)
    }
    socket.on('readable', look)
  }

  #arrive(key: string, socket: Socket): void {
    const settle = this.#expected.get(key)
    if (settle) {
      settle(socket)
      return
    }
    if (this.#arrived.size >= MAX_WAITING) return void socket.destroy()
    this.#arrived.set(key, socket)
    setTimeout(() => {
      if (this.#arrived.get(key) !== socket) return
      this.#arrived.delete(key)
      socket.destroy()
    }, PATIENCE_MS)
  }
}
