/** A small IMAP client for tests: one command at a time, over a socket or the pipes of a process. */
import {type ChildProcess, spawn} from 'node:child_process'
import {connect, type Socket} from 'node:net'
import type {Readable, Writable} from 'node:stream'

const DEADLINE_MS = 30_000

/** One reply line with its literals put in as text (latin1). */
export type ReplyLine = string

export interface Answer {
  /** `OK`, `NO`, `BAD` with the text. */
  readonly status: string
  readonly text: string
  readonly untagged: readonly ReplyLine[]
}

export class ImapClient implements AsyncDisposable {
  readonly #input: Writable
  readonly #end: () => Promise<void>
  #buffer = Buffer.alloc(0)
  #closed = false
  #wake: (() => void) | undefined
  #tags = 0

  constructor(output: Readable, input: Writable, end: () => Promise<void>) {
    this.#input = input
    this.#end = end
    output.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk])
      this.#wake?.()
    })
    output.on('close', () => {
      this.#closed = true
      this.#wake?.()
    })
    input.on('error', () => {})
  }

  /** A server on standard input and output, which greets with PREAUTH. */
  static async spawn(
    command: string,
    args: readonly string[],
    options: {readonly cwd: string; readonly env: NodeJS.ProcessEnv},
  ): Promise<ImapClient> {
    const child = spawn(command, args, {...options, stdio: ['pipe', 'pipe', 'ignore']})
    const client = new ImapClient(child.stdout, child.stdin, () => ended(child))
    await client.line()
    return client
  }

  /** A server on a port of this host; the greeting is read. */
  static async connect(port: number): Promise<ImapClient> {
    const socket: Socket = connect(port, '127.0.0.1')
    const client = new ImapClient(socket, socket, async () => {
      socket.destroy()
    })
    await client.line()
    return client
  }

  /** Next reply line, literals included. */
  async line(): Promise<ReplyLine> {
    let text = ''
    for (;;) {
      const part = await this.#upTo()
      text += part
      const literal = /\{(\d+)\}$/.exec(part)
      if (!literal) return text
      text += `\r\n${(await this.#octets(Number(literal[1]))).toString('latin1')}`
    }
  }

  /** Sends a command and reads to its tagged line. `literal` follows after the continuation. */
  async command(text: string, literal?: string): Promise<Answer> {
    this.#tags += 1
    const tag = `t${this.#tags}`
    const untagged: string[] = []
    this.#input.write(`${tag} ${text}${literal === undefined ? '' : ` {${Buffer.byteLength(literal, 'latin1')}}`}\r\n`, 'latin1')
    for (;;) {
      const line = await this.line()
      if (line.startsWith('+') && literal !== undefined) this.#input.write(`${literal}\r\n`, 'latin1')
      else if (line.startsWith(`${tag} `)) {
        const [, status = '', rest = ''] = /^\S+ (\S+) ?(.*)$/s.exec(line) ?? []
        return {status, text: rest, untagged}
      } else untagged.push(line)
    }
  }

  /** The same, and complains unless it is OK. */
  async ok(text: string, literal?: string): Promise<readonly ReplyLine[]> {
    const answer = await this.command(text, literal)
    if (answer.status !== 'OK') throw new Error(`${text}: ${answer.status} ${answer.text}`)
    return answer.untagged
  }

  /** Sends octets as they are. */
  raw(octets: string): void {
    this.#input.write(octets, 'latin1')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#input.end()
    await this.#end()
  }

  async #upTo(): Promise<string> {
    let from = 0
    for (;;) {
      const end = this.#buffer.indexOf('\r\n', from)
      if (end >= 0) {
        const line = this.#buffer.toString('latin1', 0, end)
        this.#buffer = this.#buffer.subarray(end + 2)
        return line
      }
      from = Math.max(0, this.#buffer.length - 1)
      await this.#more()
    }
  }

  async #octets(count: number): Promise<Buffer> {
    while (this.#buffer.length < count) await this.#more()
    const octets = this.#buffer.subarray(0, count)
    this.#buffer = this.#buffer.subarray(count)
    return octets
  }

  async #more(): Promise<void> {
    if (this.#closed) throw new Error('The server closed the connection')
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve
      timer = setTimeout(() => reject(new Error(`No reply within ${DEADLINE_MS} ms`)), DEADLINE_MS)
    })
    clearTimeout(timer)
    this.#wake = undefined
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await new Promise((resolve) => child.once('close', resolve))
  clearTimeout(timer)
}
