import {chown} from 'node:fs/promises'
import {hostname} from 'node:os'
import {configDirectory} from '../../config/config-directory.js'
import {NodeFiles} from '../../maildir/node-files.js'
import {UniqueNames} from '../../maildir/unique-names.js'
import {errnoOf, Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import {type MaildirMakeContext, octetsOf} from './context.js'
import {convertNames} from './convert.js'
import {makeMaildir} from './make.js'
import {type MaildirMakeRequest, maildirMakeRequest} from './request.js'
import {addSharable, removeSharable} from './sharable.js'

/** Where texts of a tool go; octets, one character for each. */
export interface MaildirMakeOutput {
  readonly env: NodeJS.ProcessEnv
  readonly out: (octets: string) => void
  readonly err: (octets: string) => void
}

/** `maildirmake` with the arguments, output and exit codes of the original. Answers with the exit code. */
export async function maildirmake(args: readonly string[], output: MaildirMakeOutput): Promise<number> {
  const {env} = output
  const context: MaildirMakeContext = {
    ...output,
    files: new NodeFiles(),
    names: new UniqueNames({host: env.HOSTNAME || hostname(), pid: process.pid, nowMicroseconds: () => Date.now() * 1000}),
    pid: process.pid,
    hostName: hostname(),
    nowMs: Date.now,
    configDirectory: octetsOf(configDirectory(undefined, env)),
    chown: async (path, uid, gid) => {
      if (process.getuid?.() === 0) await chown(Buffer.from(path, 'latin1'), uid, gid)
    },
  }
  try {
    return await answer(maildirMakeRequest(args, env), context)
  } catch (error) {
    if (!(error instanceof Fault) && errnoOf(error) === undefined) throw error
    output.err(octetsOf(`maildirmake: ${systemText(error)}\n`))
    return 1
  }
}

async function answer(request: MaildirMakeRequest, context: MaildirMakeContext): Promise<number> {
  switch (request.kind) {
    case 'usage':
      context.out('Usage: maildirmake [ options ] maildir\n')
      return 1
    case 'failure':
      context.err(request.message)
      return 1
    case 'make':
      return makeMaildir(request, context)
    case 'convert':
      return convertNames(request, context)
    case 'add':
      return addSharable(request, context)
    case 'del':
      return removeSharable(request, context)
  }
}
