import {execFile} from 'node:child_process'
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {setFlagsFromString} from 'node:v8'
import {Script} from 'node:vm'
import {replaceFile} from '../support/atomic-file.js'

/** What a bundle begins with and its code must have too: `bin/bundle.js` writes another one for each text. */
const ID_OCTETS = 32

/** How large bundles are mostly called, in an order in which each finds what it needs: half of their code is for other calls. */
const USUAL_CALLS: ReadonlyMap<string, readonly string[]> = new Map([
  ['makeuserdb', []],
  ['authtest', ['ann', 'secret']],
  ['authenumerate', []],
])
const SAMPLE_USERDB = 'ann\tuid=1000|gid=1000|home=/home/ann|mail=Maildir|systempw=$1$cSyAdiET$/R0MUFXTEEgv/YMGfo28F0\n'

/**
 * Writes the compiled code of each tool's bundle beside it, for this Node: a tool that runs for a moment spends half of its
 * time compiling. Another version of Node sees that it is not its own, and compiles. Where nothing may be written, nothing is.
 *
 * @param root where the program is installed
 */
export async function prepareTools(root: string): Promise<void> {
  const directory = join(root, 'dist', 'tools')
  const names = (await readdir(directory).catch(() => [])).filter((each) => each.endsWith('.cjs')).map((each) => each.slice(0, -4))
  for (const name of names) await writeCode(join(directory, `${name}.cjs`), compiled)
  const samples = await mkdtemp(join(tmpdir(), 'courier-tools-'))
  try {
    await writeFile(join(samples, 'userdb'), SAMPLE_USERDB, {mode: 0o600})
    for (const [name, args] of USUAL_CALLS) {
      if (!names.includes(name)) continue
      const path = join(directory, `${name}.cjs`)
      // Without the code of the usual call, the code of all calls stays.
      await writeCode(path, () => usualCode(path, {root, samples, args})).catch(() => undefined)
    }
  } finally {
    await rm(samples, {recursive: true, force: true})
  }
}

async function writeCode(path: string, compile: (text: string, path: string) => Buffer | Promise<Buffer>): Promise<void> {
  const text = await readFile(path, 'latin1')
  const code = Buffer.concat([Buffer.from(text.slice(0, ID_OCTETS), 'latin1'), await compile(text, path)])
  const target = {path: `${path}.code`, temporary: `${path}.code.tmp`, mode: 0o644}
  await replaceFile(target, (file) => file.writeFile(code)).catch(() => undefined)
}

/** All functions, also those that would be compiled when they are first called. */
function compiled(text: string, filename: string): Buffer {
  setFlagsFromString('--no-lazy')
  try {
    const script = new Script(text, {filename})
    // Code is taken only under the flags that it was written under.
    setFlagsFromString('--lazy')
    return script.createCachedData()
  } finally {
    setFlagsFromString('--lazy')
  }
}

interface UsualCall {
  readonly root: string
  /** Directory of a small configuration. */
  readonly samples: string
  readonly args: readonly string[]
}

/** The functions that a call needs. */
async function usualCode(bundle: string, {root, samples, args}: UsualCall): Promise<Buffer> {
  const code = join(samples, 'code')
  const env = {PATH: process.env.PATH, COURIER_CONFIG: samples}
  await promisify(execFile)(process.execPath, [join(root, 'bin', 'compile-tool.cjs'), bundle, code, ...args], {env})
  return readFile(code)
}
