import {LineInput} from '../support/line-input.js'
import type {Tool} from './tool.js'

const MAX_LINE_OCTETS = 1024 * 1024

/** Runs a tool on the process's own streams; its exit code becomes the process's. */
export async function runTool(tool: Tool, args: readonly string[], program: string): Promise<void> {
  const input = new LineInput(process.stdin, MAX_LINE_OCTETS)
  // Whoever reads our output may stop (`| head`): that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  try {
    process.exitCode = await tool(args, {
      program,
      env: process.env,
      out: (octets) => process.stdout.write(octets, 'latin1'),
      err: (octets) => process.stderr.write(octets, 'latin1'),
      input,
      inputIsTerminal: process.stdin.isTTY === true,
      errorsAreTerminal: process.stderr.isTTY === true,
    })
  } finally {
    await input.close()
  }
}
