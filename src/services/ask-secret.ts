import {Secret} from '../log/secret.js'
import {LineInput} from '../support/line-input.js'
import {askPassword} from './ask-password.js'
import {octetsOf} from './tool.js'

const MAX_OCTETS = 8191

/** A secret from the terminal, or from a line of standard input; undefined when there is none. */
export async function askSecret(message: string): Promise<Secret | undefined> {
  if (process.stdin.isTTY) {
    const typed = await askPassword(message)
    return typed === undefined ? undefined : new Secret(octetsOf(typed))
  }
  const input = new LineInput(process.stdin, MAX_OCTETS)
  const line = await input.next()
  await input.close()
  return line === undefined ? undefined : new Secret(line.toString('latin1'))
}
