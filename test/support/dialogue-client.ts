/** A client that plays dialogues over any stream. */
import type {Duplex} from 'node:stream'
import {LineReader, playTranscript} from './transcript.js'

export class DialogueClient {
  readonly lines: LineReader

  constructor(stream: Duplex) {
    this.lines = new LineReader(stream)
  }

  /** Plays a dialogue (see `transcript.ts`). */
  transcript(text: string): Promise<void> {
    return playTranscript(this.lines, text)
  }

  async send(octets: string): Promise<void> {
    await this.lines.send(octets)
  }

  /** Sends a command and gives its untagged lines and, last, the tagged one. */
  async command(text: string, tag = 'x'): Promise<string[]> {
    await this.send(`${tag} ${text}\r\n`)
    const result: string[] = []
    for (;;) {
      const line = await this.lines.line()
      if (line === undefined) throw new Error(`The connection ended in ${text}: ${result.join(' | ')}`)
      result.push(line)
      if (line.startsWith(`${tag} `)) return result
    }
  }
}
