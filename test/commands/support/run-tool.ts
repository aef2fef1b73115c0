import {spawn} from 'node:child_process'
import {existsSync} from 'node:fs'
import {Readable} from 'node:stream'
import type {Tool} from '../../../src/services/tool.js'
import {LineInput} from '../../../src/support/line-input.js'

export interface ToolResult {
  readonly code: number
  /** Octets. */
  readonly out: string
  readonly err: string
}

export interface ToolCall {
  readonly args: readonly string[]
  /** Standard input, octets. */
  readonly input?: string
  /** Configuration directory. */
  readonly config?: string
}

/** Runs a tool within this process. */
export async function runTool(tool: Tool, {args, input = '', config = '/nonexistent'}: ToolCall): Promise<ToolResult> {
  let [out, err] = ['', '']
  const code = await tool(args, {
    program: 'PROG',
    env: {COURIER_CONFIG: config},
    out: (octets) => {
      out += octets
    },
    err: (octets) => {
      err += octets
    },
    input: new LineInput(Readable.from(input === '' ? [] : [Buffer.from(input, 'latin1')]), 1024 * 1024),
    inputIsTerminal: false,
    errorsAreTerminal: false,
  })
  return {code, out, err}
}

/** Runs a program of the original with a scratch file, never with the system's userdb. */
export function runOriginal(program: string, {args, input = ''}: ToolCall): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {stdio: 'pipe', env: {PATH: process.env.PATH}})
    let [out, err] = ['', '']
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('latin1').on('data', (text: string) => {
      err += text
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input, 'latin1')
    child.on('error', reject)
    child.on('close', (code) => resolve({code: code ?? -1, out: out.replaceAll(program, 'PROG'), err: err.replaceAll(program, 'PROG')}))
  })
}

/** Path of an original program, undefined when it is not installed. */
export function originalProgram(name: string): string | undefined {
  const path = `/usr/sbin/${name}`
  return existsSync(path) ? path : undefined
}
