import type {LineInput} from '../support/line-input.js'

/** What a command-line tool sees of the world. Texts are octets, one character for each (latin1), unless they say otherwise. */
export interface ToolIo {
  /** How it was called, for usage texts. */
  readonly program: string
  readonly env: NodeJS.ProcessEnv
  readonly out: (octets: string) => void
  readonly err: (octets: string) => void
  readonly input: LineInput
  readonly inputIsTerminal: boolean
  readonly errorsAreTerminal: boolean
}

/** A tool: takes its arguments and ends with an exit code. */
export type Tool = (args: readonly string[], io: ToolIo) => Promise<number>

/** Text (UTF-8 outside) as octets. */
export function octetsOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Octets as text, for messages and JSON. */
export function textOf(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('utf8')
}
