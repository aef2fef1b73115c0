/**
 * The mail processes as the front sees them: a session is handed over to the supervisor, which knows whose it is.
 *
 * A plain socket goes with it; of an encrypted one the octets are relayed, because the encryption cannot leave this process.
 */
import type {Duplex} from 'node:stream'
import type {Log} from '../../log/log.js'
import {attachSocket, detachSocket, type SocketHandle} from '../../net/passed-socket.js'
import {closeGently} from '../../wire/close-gently.js'
import type {HandedOver} from '../../wire/hand-over.js'
import type {MailRole, MailRoleOptions} from '../roles.js'
import type {FromFront} from './messages.js'
import {relay} from './relay.js'
import {tell} from './role-channel.js'

interface Away {
  /** Undefined: the socket was passed. */
  readonly stream: Duplex | undefined
  /** Of the relay that goes on; undefined: none yet, or the mail process has ended before it said a word, and another one may come. */
  key: string | undefined
  readonly ended: () => void
}

const CLOSE_MS = 3_000
const SORRY = '* BYE [UNAVAILABLE] Temporary problem, please try again later\r\n'

export class RemoteMail implements MailRole {
  readonly #log: Log
  readonly #away = new Map<number, Away>()
  #last: number

  constructor({firstSession, log}: {readonly firstSession: number; readonly log: Log}) {
    this.#last = firstSession
    this.#log = log
  }

  serve(connection: HandedOver, {service}: MailRoleOptions): Promise<void> {
    const {channel, ticket, ...facts} = connection
    if (channel.isGone) return Promise.resolve()
    return new Promise((resolve) => {
      const session = this.#last++
      // From here to `tell` in one turn of the loop: what came in between would be lost.
      const {stream, unread} = channel.release()
      const socket = detachSocket(stream)
      const all = socket ? Buffer.concat([unread, socket.unread]) : unread
      this.#away.set(session, {stream: socket ? undefined : stream, key: undefined, ended: resolve})
      const plain = {...facts, unread: all.toString('base64')}
      const message: FromFront = {kind: 'hand-over', session, service, ticket, passed: socket !== undefined, connection: plain}
      tell(message, socket?.handle, () => socket?.handle.close())
    })
  }

  /** The mail process waits for a session. */
  async begin(session: number, place: {readonly path: string; readonly key: string}): Promise<void> {
    const away = this.#away.get(session)
    if (!away?.stream) return
    away.key = place.key
    try {
      await relay(away.stream, place)
    } catch (error) {
      this.#log.error('mail.unreachable', {error})
      if (away.key === place.key) away.key = undefined
      return
    }
    this.#forget(session)
  }

  /** A session cannot be served. */
  async returned(session: number, handle: SocketHandle | undefined): Promise<void> {
    const stream = handle ? attachSocket(handle) : this.#away.get(session)?.stream
    if (stream) await closeGently(stream, {limitMs: CLOSE_MS, lastLine: SORRY})
    this.#forget(session)
  }

  ended(session: number): void {
    const {stream, key} = this.#away.get(session) ?? {}
    if (stream && key === undefined) void this.returned(session, undefined)
    else this.#forget(session)
  }

  #forget(session: number): void {
    const away = this.#away.get(session)
    this.#away.delete(session)
    away?.ended()
  }

  /** This front ends: sessions whose sockets were passed go on without it. */
  leavePassed(): void {
    for (const [session, {stream}] of this.#away) if (!stream) this.#forget(session)
  }
}
