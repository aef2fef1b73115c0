/**
 * Lines on their way to the system's log. What it does not take at once waits, in bounded memory, and is sent when it does: a syslog daemon
 * that is restarted or slow costs no line as long as the room lasts. Lines that had none are counted and told.
 */
import type {DatagramSocket} from '../support/datagram-socket.js'

export interface SyslogSenderOptions {
  /** Connects to the system's log; undefined: nobody listens. */
  readonly connect: () => DatagramSocket | undefined
  /** The line that tells how many were lost. */
  readonly lostLine: (count: number) => string
  /** Lines that may wait. */
  readonly maxWaiting?: number
}

/** From one try to the next: while the daemon is there but has no room (its queue holds 10 lines on many systems), and while it is not. */
const FULL_MS = 4
const GONE_MS = 200

export class SyslogSender {
  readonly #options: Required<SyslogSenderOptions>
  readonly #waiting: string[] = []
  #socket: DatagramSocket | undefined
  #timer: NodeJS.Timeout | undefined
  /** Lost since the last line that said so. */
  #untold = 0
  /** Lines that could not be sent since the start. */
  lost = 0

  constructor(options: SyslogSenderOptions) {
    this.#options = {maxWaiting: 2_000, ...options}
  }

  send(line: string): void {
    // In order: who waits goes first.
    if (this.#waiting.length === 0 && this.#untold === 0 && this.#sent(line)) return
    if (this.#waiting.length >= this.#options.maxWaiting) {
      this.lost += 1
      this.#untold += 1
    } else this.#waiting.push(line)
    this.#later()
  }

  #later(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined
        if (!this.#caughtUp()) this.#later()
      },
      this.#socket ? FULL_MS : GONE_MS,
    ).unref()
  }

  /** Sends what waits; false when something still does. */
  #caughtUp(): boolean {
    let sent = 0
    while (sent < this.#waiting.length && this.#sent(this.#waiting[sent] ?? '')) sent += 1
    this.#waiting.splice(0, sent)
    if (this.#waiting.length > 0) return false
    if (this.#untold > 0 && !this.#sent(this.#options.lostLine(this.#untold))) return false
    this.#untold = 0
    return true
  }

  /** Tries once, and once more over a new connection: the daemon may have been started anew. */
  #sent(line: string): boolean {
    const octets = Buffer.from(line)
    for (let attempt = 0; attempt < 2; attempt += 1) {
      this.#socket ??= this.#options.connect()
      if (!this.#socket) return false
      const problem = this.#socket.send(octets)
      if (problem === undefined) return true
      if (problem === 'full') return false
      if (problem === 'too-long') {
        this.lost += 1
        return true
      }
      this.#socket.close()
      this.#socket = undefined
    }
    return false
  }

  /** Sends what still waits, if it can be sent at once, and ends. */
  close(): void {
    this.#caughtUp()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#socket?.close()
    this.#socket = undefined
  }
}
