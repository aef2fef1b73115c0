/** A client that costs little: it counts octets and waits for tagged lines, without looking at the rest. */
import {connect, type Socket} from 'node:net'
import {connect as connectTls} from 'node:tls'

const NO_OCTETS: Buffer = Buffer.alloc(0)
const TAIL_OCTETS = 4096

interface Waiting {
  readonly isEnd: (tail: Buffer) => boolean
  readonly done: (text: string) => void
  readonly failed: (error: Error) => void
}

export interface ConnectOptions {
  readonly tls?: boolean
}

export class BenchClient {
  readonly #socket: Socket
  #tail = NO_OCTETS
  #waiting: Waiting | undefined
  #closed: Error | undefined
  #tag = 0
  /** Octets received. */
  received = 0
  /** Called for each chunk; for tests of notifications. */
  onData: ((chunk: Buffer) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('The server closed the connection')))
  }

  static async connect(port: number, {tls = false}: ConnectOptions = {}): Promise<BenchClient> {
    const client = new BenchClient(tls ? connectTls({port, host: '127.0.0.1', rejectUnauthorized: false}) : connect(port, '127.0.0.1'))
    await client.#until((tail) => tail.includes('\r\n'))
    return client
  }

  static async login(port: number, user: string, options: ConnectOptions = {}): Promise<BenchClient> {
    const client = await BenchClient.connect(port, options)
    await client.ok(`LOGIN ${user} pass`)
    return client
  }

  /** Sends a command and waits for its OK. `literal` is sent after the continuation. Answers the end of the reply. */
  async ok(text: string, literal?: Buffer): Promise<string> {
    this.#tag += 1
    const tag = `zq${this.#tag}`
    const replied = (tail: Buffer) => tail.at(-1) === 0x0a && lastLine(tail).startsWith(`${tag} `)
    const command = `${tag} ${text}${literal ? ` {${literal.length}}` : ''}\r\n`
    if (literal) {
      const asked = this.#until((tail) => tail.includes('+ ') || replied(tail))
      this.#socket.write(command)
      await asked
    }
    const reply = this.#until(replied)
    this.#socket.write(literal ? Buffer.concat([literal, Buffer.from('\r\n')]) : command)
    const line = await reply
    if (!lastLine(Buffer.from(line, 'latin1')).startsWith(`${tag} OK`)) throw new Error(`${text.slice(0, 60)}: ${line.slice(-200)}`)
    return line
  }

  /** Begins to idle. */
  async idle(): Promise<void> {
    const invited = this.#until((tail) => tail.includes('+ '))
    this.#socket.write('idle IDLE\r\n')
    await invited
  }

  /** Ends it. */
  async done(): Promise<void> {
    const ended = this.#until((tail) => lastLine(tail).startsWith('idle OK'))
    this.#socket.write('DONE\r\n')
    await ended
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #fail(error: Error): void {
    this.#closed ??= error
    this.#waiting?.failed(error)
    this.#waiting = undefined
  }

  #take(chunk: Buffer): void {
    this.received += chunk.length
    this.onData?.(chunk)
    if (!this.#waiting) return
    // A copy: a piece of a chunk would keep all of it.
    this.#tail =
      chunk.length >= TAIL_OCTETS ? Buffer.from(chunk.subarray(-TAIL_OCTETS)) : Buffer.concat([this.#tail, chunk]).subarray(-TAIL_OCTETS)
    if (!this.#waiting.isEnd(this.#tail)) return
    const {done} = this.#waiting
    this.#waiting = undefined
    const text = this.#tail.toString('latin1')
    this.#tail = NO_OCTETS
    done(text)
  }

  #until(isEnd: Waiting['isEnd']): Promise<string> {
    if (this.#closed) return Promise.reject(this.#closed)
    return new Promise((done, failed) => {
      this.#waiting = {isEnd, done, failed}
    })
  }
}

function lastLine(tail: Buffer): string {
  const end = tail.at(-1) === 0x0a ? tail.length - 1 : tail.length
  return tail.toString('latin1', tail.lastIndexOf(0x0a, end - 1) + 1, end).trimEnd()
}
