import type {Duplex} from 'node:stream'
import {setImmediate as nextTurn} from 'node:timers/promises'
import {Hangup} from '../support/fault.js'
import {ByteQueue} from './byte-queue.js'
import type {Deadline, DeadlineSource} from './deadlines.js'
import {LIMITS, TIMES} from './limits.js'
import type {WireTap} from './live-session.js'

export interface ChannelOptions {
  readonly deadlines: DeadlineSource
  /** The stream encrypts: writes are cut into pieces. */
  readonly encrypted: boolean
  /** For the peer to take some of what we write, milliseconds. */
  readonly stalledWriteMs?: number
  /** What was received by whoever had the stream before. */
  readonly unread?: Buffer | undefined
}

export interface ReadOptions {
  /** For the next octets to come, milliseconds. */
  readonly withinMs: number
}

/** A line of the peer without its line end. */
export interface Line {
  /** The line; when it is cut, its beginning. */
  readonly bytes: Buffer
  /** It was longer than allowed; the rest was thrown away. */
  readonly cut: boolean
  /** The last octets of a cut line. */
  readonly tail: Buffer
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
}

const TAIL_OCTETS = 64
/** Longest stretch of lines that came together before other connections get their turn, milliseconds (`design.md` §4). */
const TURN_MS = 4
const EMPTY = Buffer.alloc(0)
/** The usual end, the same for all connections. */
const CLOSED = new Hangup('closed')

/**
 * One connection as bounded reads and writes with back-pressure.
 *
 * Pull only: octets are taken from the stream when somebody reads, so an idle connection holds none and a fast
 * sender is slowed down. One read and one write at a time. Everything that waits ends with a `Hangup` when the
 * peer is gone, takes too long, or `interrupt` is called.
 */
export class Channel {
  readonly #queue = new ByteQueue()
  /** Stays set when something has come: then nobody waits, and the next read moves it on, which costs less than to clear it. */
  readonly #readDeadline: Deadline
  readonly #writeDeadline: Deadline
  readonly #stalledWriteMs: number
  readonly #onReadable = () => this.#wake()
  readonly #onEnd = () => {
    this.#ended = true
    this.#wake()
  }
  readonly #onClose = () => this.end()
  readonly #onError = () => this.end()
  /** Made when somebody asks for the signal: it is large. */
  #abort: AbortController | undefined
  #stream: Duplex
  #encrypted: boolean
  #ended = false
  /** When this connection last waited for its peer, or let others run. */
  #turnBegan = performance.now()
  #hangup: Hangup | undefined
  /** The connection is no more; what was handed over lives on. */
  #gone: Hangup | undefined
  /** Reads end with this one; writes go on. */
  #interrupted: Hangup | undefined
  #reading: Waiter | undefined
  #writing: Waiter | undefined

  /** Octets received and sent, without those of TLS. */
  received = 0
  sent = 0
  /** Sees what goes over the connection, decrypted. */
  tap: WireTap | undefined

  constructor(stream: Duplex, {deadlines, encrypted, stalledWriteMs = TIMES.stalledWriteMs, unread = EMPTY}: ChannelOptions) {
    this.#stream = stream
    this.#encrypted = encrypted
    this.#stalledWriteMs = stalledWriteMs
    this.#readDeadline = deadlines.create(() => this.#endReading(new Hangup('idle')))
    this.#writeDeadline = deadlines.create(() => this.destroy(new Hangup('stalled')))
    if (unread.length > 0) this.#queue.push(unread)
    this.received = unread.length
    this.#ended = stream.readableEnded
    this.#attach(stream)
  }

  #attach(stream: Duplex): void {
    stream.on('readable', this.#onReadable)
    stream.on('end', this.#onEnd)
    stream.on('close', this.#onClose)
    stream.on('error', this.#onError)
    if (stream.destroyed) this.#onClose()
  }

  #detach(stream: Duplex): void {
    stream.off('readable', this.#onReadable)
    stream.off('end', this.#onEnd)
    stream.off('close', this.#onClose)
    stream.off('error', this.#onError)
    // What happens to the stream below is told by the one above it.
    stream.on('error', () => {})
    stream.pause()
  }

  /** Aborted when the connection is gone. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#gone) this.#abort.abort(this.#gone)
    return this.#abort.signal
  }

  /** The connection is no more. Says what `signal.aborted` says, without a signal. */
  get isGone(): boolean {
    return this.#gone !== undefined
  }

  get encrypted(): boolean {
    return this.#encrypted
  }

  /** The read that waits, which does so no longer. */
  #takeReading(): Waiter | undefined {
    const reading = this.#reading
    this.#reading = undefined
    return reading
  }

  #wake(): void {
    this.#takeReading()?.resolve()
  }

  #endReading(reason: Hangup): void {
    this.#takeReading()?.reject(reason)
  }

  /** Ends the read that waits, and all later ones; what is written still goes out. */
  interrupt(reason: Hangup): void {
    this.#interrupted ??= reason
    this.#endReading(reason)
  }

  /** Ends the connection at once. */
  destroy(reason: Hangup): void {
    if (this.#hangup) return
    this.#hangup = this.#gone = reason
    this.#readDeadline.clear()
    this.#writeDeadline.clear()
    this.#endReading(reason)
    this.#writing?.reject(reason)
    this.#queue.clear()
    this.#stream.destroy()
    this.#abort?.abort(reason)
  }

  /** Ends the connection at once if it has not ended. */
  end(): void {
    if (!this.#hangup) this.destroy(CLOSED)
  }

  /** Takes what the stream has into the queue; false: it has nothing now. @throws {Hangup} */
  #take(): boolean {
    const stopped = this.#hangup ?? this.#interrupted
    if (stopped) throw stopped
    const chunk = this.#stream.read() as Buffer | null
    if (chunk === null) return false
    this.received += chunk.length
    this.tap?.received(chunk)
    this.#queue.push(chunk)
    return true
  }

  /** Until the stream may have something, or has ended: no more than a promise, as sessions wait here for hours. @throws {Hangup} */
  #readable(withinMs: number): Promise<void> {
    this.#readDeadline.set(withinMs)
    return new Promise((resolve, reject) => {
      this.#reading = {resolve, reject}
    })
  }

  /** Lets everything else that is ready run first. */
  async #pause(): Promise<void> {
    await nextTurn()
    this.#turnBegan = performance.now()
  }

  /** Takes what comes next into the queue; false at the end of the input. @throws {Hangup} */
  async #fill({withinMs}: ReadOptions): Promise<boolean> {
    while (!this.#take()) {
      if (this.#ended) return false
      await this.#readable(withinMs)
    }
    return true
  }

  /**
   * The next line of at most `max` octets, without LF or CRLF; undefined at the end of the input (half a line before
   * it counts as nothing). Of a longer line the rest is read and thrown away.
   *
   * @throws {Hangup} also `limit` for a line without an end
   */
  async readLine(max: number, options: ReadOptions): Promise<Line | undefined> {
    if (this.#queue.length > 0 && performance.now() - this.#turnBegan >= TURN_MS) await this.#pause()
    for (;;) {
      const line = this.#receivedLine(max)
      if (line) return line
      // One more for the CR of a line that is just short enough.
      if (this.#queue.length > max + 1) return this.#readRest(this.#queue.take(max), options)
      if (this.#ended) return undefined
      await this.#readable(this.#queue.length > 0 ? Math.min(options.withinMs, TIMES.commandMs) : options.withinMs)
      this.#turnBegan = performance.now()
    }
  }

  /** The next line, if all of it is there, or too much for one. @throws {Hangup} */
  #receivedLine(max: number): Line | undefined {
    for (;;) {
      const bytes = this.#queue.takeLine()
      if (bytes && bytes.length <= max) return {bytes, cut: false, tail: EMPTY}
      if (bytes) return {bytes: bytes.subarray(0, max), cut: true, tail: bytes.subarray(-TAIL_OCTETS)}
      if (this.#queue.length > max + 1 || !this.#take()) return undefined
    }
  }

  /** Throws the rest of a line away whose beginning is too long already. */
  async #readRest(bytes: Buffer, {withinMs}: ReadOptions): Promise<Line | undefined> {
    let tail: Buffer = bytes.subarray(-TAIL_OCTETS)
    let discarded = 0
    for (;;) {
      const end = this.#queue.takeLine()
      const chunk = end ?? this.#queue.take(this.#queue.length)
      tail = Buffer.concat([tail, chunk.subarray(-TAIL_OCTETS)]).subarray(-TAIL_OCTETS)
      if (end) return {bytes, cut: true, tail: trimmed(tail)}
      discarded += chunk.length
      if (discarded > LIMITS.discarded) throw new Hangup('limit', 'A line does not end')
      if (!(await this.#fill({withinMs}))) return undefined
    }
  }

  /** Some octets, at most `max`; undefined at the end of the input. @throws {Hangup} */
  async read(max: number, options: ReadOptions): Promise<Buffer | undefined> {
    if (this.#queue.length === 0 && !(await this.#fill(options))) return undefined
    return this.#queue.take(max)
  }

  /** Writes in order; answers when the stream has taken all of it, undefined: at once. @throws {Hangup} */
  write(chunks: readonly Buffer[]): Promise<void> | undefined {
    return this.#encrypted && !fit(chunks, LIMITS.tlsPiece) ? this.#writePieces(cut(chunks, LIMITS.tlsPiece)) : this.#writePiece(chunks)
  }

  async #writePieces(pieces: readonly (readonly Buffer[])[]): Promise<void> {
    for (const piece of pieces) await this.#writePiece(piece)
  }

  #writePiece(chunks: readonly Buffer[]): Promise<void> | undefined {
    if (this.#hangup) return Promise.reject(this.#hangup)
    const stream = this.#stream
    const taken = (error?: Error | null): void => {
      if (error) this.#onError()
      else if (stream.writableLength === 0) this.#writing?.resolve()
      else if (this.#writing) this.#writeDeadline.set(this.#stalledWriteMs)
    }
    const isOne = chunks.length === 1
    if (!isOne) stream.cork()
    for (const chunk of chunks) {
      this.sent += chunk.length
      this.tap?.sent(chunk)
      stream.write(chunk, taken)
    }
    if (!isOne) stream.uncork()
    // Most replies are in the system's hands by now.
    return stream.writableLength === 0 ? undefined : this.#untilTaken()
  }

  async #untilTaken(): Promise<void> {
    this.#writeDeadline.set(this.#stalledWriteMs)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#writing = {resolve, reject}
      })
    } finally {
      this.#writing = undefined
      this.#writeDeadline.clear()
    }
  }

  /**
   * Changes to an encrypted stream: what was received before is thrown away, so that nothing sent in clear is taken
   * for something encrypted (CVE-2011-0411). Call `discardReceived` before the peer is told to begin.
   *
   * @throws what `upgrade` throws; the connection is then at its end
   */
  async encrypt(upgrade: () => Promise<Duplex>): Promise<void> {
    this.#detach(this.#stream)
    try {
      this.#stream = await upgrade()
    } catch (error) {
      // Nobody listens to the old stream any more: waiting for its end would be in vain.
      this.destroy(CLOSED)
      throw error
    }
    this.#encrypted = true
    if (this.#hangup) this.#stream.destroy()
    this.#attach(this.#stream)
  }

  /** Throws away everything received so far, also what the stream still holds. */
  discardReceived(): void {
    this.#queue.clear()
    for (let chunk = this.#stream.read() as Buffer | null; chunk !== null; chunk = this.#stream.read() as Buffer | null) {
      this.received += chunk.length
    }
  }

  /** A session begins: octets are counted from here on, those among them that have been received and not read. */
  countAnew(): void {
    this.received = this.#queue.length
    this.sent = 0
  }

  /**
   * Gives the stream away, with what was received of it and not read: in one step, so that nothing comes in between. Nobody reads it
   * until its new owner does; here the connection is at its end.
   *
   * @throws {Hangup} when it has ended before
   */
  release(): {readonly stream: Duplex; readonly unread: Buffer} {
    if (this.#hangup) throw this.#hangup
    this.#hangup = CLOSED
    this.#readDeadline.clear()
    this.#writeDeadline.clear()
    const stream = this.#stream
    const pieces = [this.#queue.take(this.#queue.length)]
    for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) pieces.push(chunk)
    this.#detach(stream)
    const unread = Buffer.concat(pieces)
    // One for all that have none: it is kept as long as the session.
    return {stream, unread: unread.length === 0 ? EMPTY : unread}
  }

  /** Closes after all is written; waits a little for the peer to close too, so that it reads our last words. */
  async close(): Promise<void> {
    if (this.#hangup) return
    this.#interrupted = undefined
    this.#stream.end()
    const end = performance.now() + TIMES.closingMs
    try {
      for (let left = TIMES.closingMs; left > 0 && !this.#ended; left = end - performance.now()) {
        if (!(await this.read(LIMITS.tlsPiece, {withinMs: left}))) break
      }
    } catch {
      // It is over either way.
    }
    this.end()
  }
}

function trimmed(tail: Buffer): Buffer {
  return tail.at(-1) === 0x0d ? tail.subarray(0, -1) : tail
}

/** They are at most `max` octets together. */
function fit(chunks: readonly Buffer[], max: number): boolean {
  let octets = 0
  for (const {length} of chunks) octets += length
  return octets <= max
}

/** The same octets as lists of chunks of at most `max` octets together. */
function cut(chunks: readonly Buffer[], max: number): Buffer[][] {
  const pieces: Buffer[][] = []
  let piece: Buffer[] = []
  let room = max
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + room)
      piece.push(part)
      at += part.length
      room -= part.length
      if (room > 0) continue
      pieces.push(piece)
      piece = []
      room = max
    }
  }
  if (piece.length > 0) pieces.push(piece)
  return pieces
}
