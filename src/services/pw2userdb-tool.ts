import {readFile, stat} from 'node:fs/promises'
import {userdbFromPasswd} from '../auth/userdb/from-passwd.js'
import {systemText} from '../support/system-text.js'
import {readLongOptions} from './long-options.js'
import {systemAccount} from './system-account.js'
import {octetsOf, type Tool} from './tool.js'

const NAMES = {values: ['passwd', 'shadow', 'domain'], switches: ['noshadow', 'nouid', 'vpopuid']}

/** `pw2userdb`: prints the system's accounts as userdb text, with the options of the original (`spec/auth.md` §7.1). */
export const pw2userdbTool: Tool = async (args, io) => {
  const options = readLongOptions(args, NAMES)
  if (!options.ok) {
    io.err(octetsOf(`${options.message}\nInvalid options.\n`))
    return 255
  }
  const {values, on} = options
  try {
    const vpopmail = on.has('vpopuid') ? await systemAccount('vpopmail') : undefined
    const {text, refused} = userdbFromPasswd({
      passwd: await readFile(values.get('passwd') || '/etc/passwd', 'latin1'),
      shadow: on.has('noshadow') ? undefined : await shadowText(values.get('shadow') || '/etc/shadow'),
      domain: octetsOf(values.get('domain') ?? ''),
      ids: on.has('vpopuid') ? {uid: vpopmail?.uid ?? '', gid: vpopmail?.gid ?? ''} : undefined,
      reverse: !on.has('nouid'),
    })
    io.out(text)
    for (const name of refused) io.err(`Left out, because it cannot stand in userdb: "${name}"\n`)
    return 0
  } catch (error) {
    io.err(octetsOf(`${systemText(error)}\n`))
    return 2
  }
}

/** Undefined when there is no such file; one that cannot be read is an error. */
async function shadowText(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? readFile(path, 'latin1') : undefined
}
