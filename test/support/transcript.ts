/**
 * Dialogues with a server as text: `C:` lines are sent, `S:` lines must come, in this order and no others between.
 *
 * `*` in an `S:` line matches anything; the `*` that begins an untagged reply is itself. `C:` lines end
 * with CRLF; `\r`, `\n`, `\0` and `\xHH` are octets, and a line that ends with `\c` is sent without CRLF.
 */
import {once} from 'node:events'
import type {Duplex} from 'node:stream'

/** Far beyond what a busy machine needs: it only ends a test whose server says nothing. */
const READ_LIMIT_MS = 15_000

/** Reads lines from a stream, with a deadline on each. */
export class LineReader {
  readonly #stream: Duplex
  #buffer = Buffer.alloc(0)
  #ended = false
  #wake: (() => void) | undefined

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk])
      this.#wake?.()
    })
    for (const event of ['end', 'close', 'error'])
      stream.on(event, () => {
        this.#ended = true
        this.#wake?.()
      })
  }

  /** The next line (latin1, without CRLF); undefined at the end. */
  async line(limitMs = READ_LIMIT_MS): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n')
      if (end >= 0) {
        const line = this.#buffer.toString('latin1', 0, end)
        this.#buffer = this.#buffer.subarray(end + 2)
        return line
      }
      if (this.#ended) return this.#buffer.length > 0 ? this.#take() : undefined
      await this.#more(limitMs)
    }
  }

  /** What has come and was not read yet. */
  get unread(): string {
    return this.#buffer.toString('latin1')
  }

  #take(): string {
    const rest = this.#buffer.toString('latin1')
    this.#buffer = Buffer.alloc(0)
    return rest
  }

  async #more(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        timer = setTimeout(() => reject(new Error(`Nothing came within ${limitMs} ms`)), limitMs)
      })
    } finally {
      clearTimeout(timer)
      this.#wake = undefined
    }
  }

  async send(octets: string): Promise<void> {
    if (!this.#stream.write(Buffer.from(octets, 'latin1'))) await once(this.#stream, 'drain')
  }
}

function unescaped(text: string): string {
  const cut = text.endsWith('\\c')
  const line = (cut ? text.slice(0, -2) : text).replace(/\\(r|n|0|x[0-9a-fA-F]{2})/g, (_, code: string) =>
    code === 'r' ? '\r' : code === 'n' ? '\n' : code === '0' ? '\0' : String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  )
  return cut ? line : `${line}\r\n`
}

function matcher(pattern: string): RegExp {
  const untagged = pattern.startsWith('* ')
  const source = pattern.slice(untagged ? 2 : 0).replace(/[*.+?^${}()|[\]\\]/g, (found) => (found === '*' ? '.*' : `\\${found}`))
  return new RegExp(`^${untagged ? '\\* ' : ''}${source}$`, 's')
}

/** Plays a dialogue; throws at the first line that is not as written. */
export async function playTranscript(lines: LineReader, text: string): Promise<void> {
  for (const step of text.split('\n')) {
    const line = step.replace(/^\s+/, '')
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('C: ') || line === 'C:') await lines.send(unescaped(line.slice(3)))
    else if (line.startsWith('S: ') || line === 'S:') {
      const got = await lines.line().catch((error: Error) => {
        throw new Error(`Expected: ${line.slice(3)}\n${error.message}`)
      })
      if (got === undefined || !matcher(line.slice(3)).test(got)) {
        throw new Error(`Expected: ${line.slice(3)}\nReceived: ${got ?? '(the end)'}\nUnread: ${lines.unread.slice(0, 500)}`)
      }
    } else if (line === 'END') {
      const got = await lines.line()
      if (got !== undefined) throw new Error(`Expected the end\nReceived: ${got}`)
    } else throw new Error(`A dialogue line begins with "C: " or "S: ": ${line}`)
  }
}
