import {lstat, mkdir, readlink, rm, symlink} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import {Fault} from '../support/fault.js'
import {systemText} from '../support/system-text.js'
import {TOOLS} from './tools.js'

export interface LinkOptions {
  readonly directory: string
  /** What the links lead to. */
  readonly launcher: string
  /** Replace whatever else has one of the names, but no directory. */
  readonly force: boolean
}

/** A name, and whether its link was made or was there. */
export interface LinkResult {
  readonly path: string
  readonly made: boolean
}

/**
 * Makes links under the names of the original programs. All names are looked at before the first is changed.
 *
 * @throws {Fault} `no-access` when a name is taken by something else, `io-error`
 */
export async function installLinks({directory, launcher, force}: LinkOptions): Promise<readonly LinkResult[]> {
  const paths = Object.keys(TOOLS).map((name) => join(resolve(directory), name))
  try {
    await mkdir(directory, {recursive: true})
    const states = await Promise.all(paths.map((path) => stateOf(path, launcher)))
    const taken = paths.filter((_, index) => states[index] === 'taken')
    if (taken.length > 0 && !force)
      throw new Fault('no-access', `Not replaced, because they are other programs: ${taken.join(', ')} (--force)`)
    const results: LinkResult[] = []
    for (const [index, path] of paths.entries()) {
      const made = states[index] !== 'ours'
      if (states[index] === 'taken') await rm(path)
      if (made) await symlink(launcher, path)
      results.push({path, made})
    }
    return results
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('io-error', `${directory}: ${systemText(error)}`, {cause: error})
  }
}

async function stateOf(path: string, launcher: string): Promise<'free' | 'ours' | 'taken'> {
  if (!(await lstat(path).catch(() => undefined))) return 'free'
  const target = await readlink(path).catch(() => undefined)
  return target === launcher ? 'ours' : 'taken'
}
