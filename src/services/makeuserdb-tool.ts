import type {Stats} from 'node:fs'
import {lstat, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {loadTryLock} from '../auth/native.js'
import type {CompileProblem} from '../auth/userdb/compile.js'
import {makeUserdb} from '../auth/userdb/make.js'
import {originalFiles} from '../auth/userdb/original-files.js'
import {userdbPaths} from '../auth/userdb/paths.js'
import {authDirectory} from '../config/config-directory.js'
import {Fault} from '../support/fault.js'
import {octetsOf, type Tool, type ToolIo} from './tool.js'

const GROUP_AND_WORLD = 0o077

/** `makeuserdb`: compiles userdb text, with the checks, messages and exit codes of the original (`spec/auth.md` §6). */
export const makeuserdbTool: Tool = async (args, io) => {
  try {
    const {source, gdbm} = requestOf(args, io)
    await checkSource(source)
    const problems = await make(source, gdbm, io)
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

/** `-f PATH` as the first argument, or the default; the original ignores all others. `--config DIR` and `--gdbm`, before it, are ours. */
function requestOf(args: readonly string[], io: ToolIo): {readonly source: string; readonly gdbm: boolean} {
  const words = [...args]
  let config: string | undefined
  let gdbm = false
  for (;;) {
    if (words[0] === '--config') [, config] = words.splice(0, 2)
    else if (words[0]?.startsWith('--config=')) config = words.shift()?.slice('--config='.length)
    else if (words[0] === '--gdbm') gdbm = words.shift() !== undefined
    else break
  }
  if (words[0] === '-f') return {source: (words[1] ?? '').replace(/\/$/, ''), gdbm: gdbm || words.includes('--gdbm')}
  return {source: join(authDirectory(config, io.env), 'userdb'), gdbm}
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

async function make(source: string, gdbm: boolean, io: ToolIo): Promise<readonly CompileProblem[]> {
  let shown = false
  const problems = await makeUserdb({
    source,
    generation: newGeneration(),
    tryLock: loadTryLock(),
    gdbm,
    progress(lines) {
      if (!io.errorsAreTerminal) return
      shown = true
      io.err(`\r${lines} lines`)
    },
  })
  if (shown) io.err('\r\x1b[K')
  return problems
}

/** From what no other run has at the same time: random octets would take longer to come by than all the rest. */
function newGeneration(): string {
  const parts: readonly (readonly [number | bigint, number])[] = [
    [Date.now(), 12],
    [process.hrtime.bigint() & 0xfff_ffff_ffffn, 12],
    [process.pid & 0xffff_ffff, 8],
  ]
  return parts.map(([value, digits]) => value.toString(16).padStart(digits, '0').slice(-digits)).join('')
}

function report({file, line, text}: CompileProblem, {err}: ToolIo): void {
  err(`${text}\n`)
  err(octetsOf(`       (${file}, line ${line})\n\n`))
}

/** Real Courier and maildrop read files of another form, which would go on with the old accounts. */
async function warnOfOriginal(source: string, {err}: ToolIo): Promise<void> {
  if ((await originalFiles(source)) !== 'other') return
  const {originalOpen} = userdbPaths(source)
  err(octetsOf(`${originalOpen} is real Courier's, no GDBM file, and has not been changed: run its makeuserdb too, or remove the file.\n`))
}
