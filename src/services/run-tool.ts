import {fstatSync, readSync, writeSync} from 'node:fs'
import {createRequire} from 'node:module'
import type Tty from 'node:tty'
import {errnoOf} from '../support/fault.js'
import {LineInput} from '../support/line-input.js'
import type {Tool} from './tool.js'

const MAX_LINE_OCTETS = 1024 * 1024
const CHUNK_OCTETS = 64 * 1024

/**
 * Runs a tool on the process's own streams; its exit code becomes the process's. Most tools write a line or none: Node's
 * streams are made for those only that need them, as they take longer to load than such a tool runs.
 */
export async function runTool(tool: Tool, args: readonly string[], program: string): Promise<void> {
  let input: LineInput | undefined
  const write = {out: writerOf(1, () => process.stdout), err: writerOf(2, () => process.stderr)}
  try {
    process.exitCode = await tool(args, {
      program,
      env: process.env,
      ...write,
      get input() {
        input ??= new LineInput(standardInput(), MAX_LINE_OCTETS)
        return input
      },
      get inputIsTerminal() {
        return isTerminal(0)
      },
      get errorsAreTerminal() {
        return isTerminal(2)
      },
    })
  } finally {
    await input?.close()
  }
}

/** What is typed comes through the stream; a pipe or file is waited for, since the tool has nothing else to do. */
async function* standardInput(): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK_OCTETS)
  while (!isTerminal(0)) {
    try {
      const octets = readSync(0, chunk)
      if (octets === 0) return
      yield Buffer.from(chunk.subarray(0, octets))
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error
      break
    }
  }
  yield* process.stdin
}

/** Writes octets at once, in order; what a reader is too slow for goes to the stream. */
function writerOf(fd: number, stream: () => NodeJS.WriteStream): (octets: string) => void {
  let slow: NodeJS.WriteStream | undefined
  const later = (octets: Buffer) => {
    slow ??= stream().on('error', stop)
    slow.write(octets)
  }
  return (text) => {
    const octets = Buffer.from(text, 'latin1')
    for (let written = 0; written < octets.length; ) {
      if (slow) return later(octets.subarray(written))
      try {
        written += writeSync(fd, octets, written)
      } catch (error) {
        if (errnoOf(error) !== 'EAGAIN') stop(error)
        later(octets.subarray(written))
        return
      }
    }
  }
}

/** Whoever reads our output may stop (`| head`): that is no error. */
function stop(error: unknown): never {
  process.exit(errnoOf(error) === 'EPIPE' ? 0 : 1)
}

function isTerminal(fd: number): boolean {
  try {
    if (!fstatSync(fd).isCharacterDevice()) return false
  } catch {
    return false
  }
  return (createRequire(import.meta.url)('node:tty') as typeof Tty).isatty(fd)
}
