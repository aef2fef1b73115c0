import {askPassword} from './ask-password.js'
import type {ToolIo} from './tool.js'

/** Longest line that counts (`spec/auth.md` §5). */
const MAX_PASSWORD_OCTETS = 8191

/**
 * The password for `userdbpw` and `authpasswd`: asked for twice on a terminal, else the first line of standard input. The
 * exit code when there is none.
 */
export async function newPassword(io: ToolIo): Promise<Buffer | number> {
  return io.inputIsTerminal ? askTwice(io) : readPassword(io)
}

async function readPassword({input}: ToolIo): Promise<Buffer | number> {
  const line = await input.next()
  return line === undefined ? 1 : line.subarray(0, MAX_PASSWORD_OCTETS)
}

/** Asks until it gets the same twice; the exit code when it is interrupted. */
async function askTwice(io: ToolIo): Promise<Buffer | number> {
  for (;;) {
    const first = await askPassword('Password:')
    const second = first === undefined ? undefined : await askPassword('Reenter password:')
    if (first === undefined || second === undefined) {
      io.out('\n')
      return 0
    }
    if (first === second) return Buffer.from(first).subarray(0, MAX_PASSWORD_OCTETS)
    io.err("\nPasswords don't match.\n\n")
  }
}
