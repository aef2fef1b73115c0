/** A client that costs little: it counts octets and waits for tagged lines, without looking at the rest. */
import {connect, type Socket} from 'node:net'

export class BenchClient {
  readonly #socket: Socket
  #tail: Buffer = Buffer.alloc(0)
  #waiting: {readonly isEnd: (tail: Buffer) => boolean; readonly done: (line: string) => void} | undefined
  #failed: ((error: Error) => void) | undefined
  #tag = 0
  /** Octets received. */
  received = 0
  /** Called for each chunk; for tests of notifications. */
  onData: ((chunk: Buffer) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('The server closed the connection')))
  }

  static async connect(port: number): Promise<BenchClient> {
    const client = new BenchClient(connect(port, '127.0.0.1'))
    await client.#until((tail) => tail.includes('\r\n'))
    return client
  }

  static async login(port: number, user: string): Promise<BenchClient> {
    const client = await BenchClient.connect(port)
    await client.ok(`LOGIN ${user} pass`)
    return client
  }

  /** Sends a command and waits for its OK. `literal` is sent after the continuation. Answers the tagged line. */
  async ok(text: string, literal?: Buffer): Promise<string> {
    this.#tag += 1
    const tag = `zq${this.#tag}`
    this.#socket.write(`${tag} ${text}${literal ? ` {${literal.length}}` : ''}\r\n`)
    if (literal) {
      await this.#until((tail) => tail.includes('+ ') || tail.includes(`${tag} `))
      this.#socket.write(Buffer.concat([literal, Buffer.from('\r\n')]))
    }
    const line = await this.#until((tail) => lastLine(tail).startsWith(`${tag} `) && tail.at(-1) === 0x0a)
    if (!lastLine(Buffer.from(line, 'latin1')).startsWith(`${tag} OK`)) throw new Error(`${text.slice(0, 60)}: ${line.slice(-200)}`)
    return line
  }

  /** Sends without waiting. */
  send(text: string): void {
    this.#socket.write(text)
  }

  /** Waits for the next `+`. */
  async continuation(): Promise<void> {
    await this.#until((tail) => tail.includes('+ '))
  }

  /** Stops and starts reading from the socket. */
  pause(): void {
    this.#socket.pause()
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.received += chunk.length
    this.onData?.(chunk)
    this.#tail = chunk.length >= 4096 ? chunk.subarray(-4096) : Buffer.concat([this.#tail, chunk]).subarray(-4096)
    if (!this.#waiting?.isEnd(this.#tail)) return
    const {done} = this.#waiting
    this.#waiting = undefined
    const text = this.#tail.toString('latin1')
    this.#tail = Buffer.alloc(0)
    done(text)
  }

  #until(isEnd: (tail: Buffer) => boolean): Promise<string> {
    return new Promise((done, failed) => {
      this.#waiting = {isEnd, done}
      this.#failed = failed
    })
  }
}

function lastLine(tail: Buffer): string {
  const text = tail.toString('latin1').trimEnd()
  return text.slice(text.lastIndexOf('\n') + 1)
}
