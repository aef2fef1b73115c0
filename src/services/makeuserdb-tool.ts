import {randomBytes} from 'node:crypto'
import type {Stats} from 'node:fs'
import {lstat, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {loadTryLock} from '../auth/native.js'
import type {CompileProblem} from '../auth/userdb/compile.js'
import {makeUserdb} from '../auth/userdb/make.js'
import {userdbPaths} from '../auth/userdb/paths.js'
import {authDirectory} from '../config/config-directory.js'
import {Fault} from '../support/fault.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

const GROUP_AND_WORLD = 0o077
const GENERATION_OCTETS = 16

/** `makeuserdb`: compiles userdb text, with the checks, messages and exit codes of the original (`spec/auth.md` §6). */
export const makeuserdbTool: Tool = async (args, io) => {
  try {
    const source = sourceOf(args, io)
    await checkSource(source)
    const problems = await make(source, io)
    for (const problem of problems) report(problem, io)
    if (problems.length > 0) return 1
    await warnOfOriginal(source, io)
    return 0
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    // Courier: what cannot be read is said on standard output, what is wrong with the call on standard error.
    const say = error.code === 'io-error' ? io.out : io.err
    say(octetsOf(`${error.message}\n`))
    return 1
  }
}

/** `-f PATH` as the first argument, or the default; the original ignores all others. `--config DIR` is ours. */
function sourceOf(args: readonly string[], io: ToolIo): string {
  const words = [...args]
  let config: string | undefined
  if (words[0] === '--config') [, config] = words.splice(0, 2)
  else if (words[0]?.startsWith('--config=')) config = words.shift()?.slice('--config='.length)
  if (words[0] === '-f') return (words[1] ?? '').replace(/\/$/, '')
  return join(authDirectory(config, io.env), 'userdb')
}

async function checkSource(source: string): Promise<void> {
  const found: Stats | undefined = await stat(source).catch(() => undefined)
  if (!found) throw new Fault('bad-configuration', `${source}: not found.`)
  if (found.mode & GROUP_AND_WORLD) throw new Fault('bad-configuration', `${source}: MAY NOT HAVE GROUP OR WORLD PERMISSIONS!!`)
  const paths = userdbPaths(source)
  for (const path of [source, paths.originalOpen, paths.originalShadow, paths.open, paths.shadow]) {
    const link = await lstat(path).catch(() => undefined)
    if (!link?.isSymbolicLink()) continue
    throw new Fault('bad-configuration', `ERROR: Wrong makeuserdb command.\n       (${path} is a symbolic link)`)
  }
}

async function make(source: string, io: ToolIo): Promise<readonly CompileProblem[]> {
  let shown = false
  const problems = await makeUserdb({
    source,
    generation: randomBytes(GENERATION_OCTETS).toString('hex'),
    tryLock: loadTryLock(),
    progress(lines) {
      if (!io.errorsAreTerminal) return
      shown = true
      io.err(`\r${lines} lines`)
    },
  })
  if (shown) io.err('\r\x1b[K')
  return problems
}

function report({file, line, text}: CompileProblem, {err}: ToolIo): void {
  err(`${text}\n`)
  err(octetsOf(`       (${file}, line ${line})\n\n`))
}

/** Real Courier and maildrop read a file of another format, which would go on with the old accounts. */
async function warnOfOriginal(source: string, {err}: ToolIo): Promise<void> {
  const {originalOpen} = userdbPaths(source)
  if (!(await lstat(originalOpen).catch(() => undefined))) return
  err(octetsOf(`${originalOpen} is real Courier's and has not been changed: run its makeuserdb too, or remove the file.\n`))
}
