import type {EnumeratedAccount} from '../auth/modules/module.js'
import {mergeOptions, parseOptions} from '../auth/options.js'
import {Fault} from '../support/fault.js'
import type {AccountSource} from './account-source.js'
import {daemonFailure} from './daemon-failure.js'
import {sourceOptions} from './source-options.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

const USAGE = 'Usage: authenumerate [-s] [-o]\n'

/** `authenumerate`: lists all accounts, one on each line between TABs (`spec/auth.md` §26.2). */
export const authenumerateTool: Tool = async (args, io) => {
  const {words, ...options} = sourceOptions(args)
  if (words.some((word) => word !== '-s' && word !== '-o')) {
    io.err(USAGE)
    return 1
  }
  let source: AccountSource | undefined
  try {
    const {openAccountSource} = await import('./account-source.js')
    source = await openAccountSource(options, io)
    await list(source, {onlyShared: words.includes('-s'), withOptions: words.includes('-o')}, io)
    return 0
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    io.err(octetsOf(daemonFailure(error, source?.daemon ?? false).lines))
    return 1
  } finally {
    await source?.close()
  }
}

async function list(
  source: AccountSource,
  {onlyShared, withOptions}: {readonly onlyShared: boolean; readonly withOptions: boolean},
  {out}: ToolIo,
): Promise<void> {
  for await (const account of source.enumerate()) {
    const options = mergeOptions(account.options ?? '', source.defaultOptions)
    if (onlyShared && isDisabled(options)) continue
    out(octetsOf(lineOf(account, withOptions ? options : undefined)))
  }
}

/** Courier: read by atoi here, so that a bare `disableshared` does not count (`spec/auth.md` §24.2). */
function isDisabled(options: string): boolean {
  return (Number.parseInt(parseOptions(options).get('disableshared') ?? '', 10) || 0) !== 0
}

function lineOf({name, uid, gid, home, maildir}: EnumeratedAccount, options: string | undefined): string {
  const parts = [name, uid, gid, home, maildir ?? '']
  return `${[...parts, ...(options === undefined ? [] : [options])].join('\t')}\n`
}
