import {readdir, readFile, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {errnoOf, Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'

const MAX_OCTETS = 64 * 1024 * 1024

/** What package managers leave behind when a configuration file was changed. */
export const LEFTOVER = /\.(rpmsave|rpmnew|dpkg-[a-z]+)$/

/**
 * The texts of an access file, or of all files in a directory of that name, as octets.
 *
 * @throws {Fault} `bad-configuration` in the words of the original
 */
export async function readAccessSource(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [await readOne(path)]
    const texts: string[] = []
    for (const name of await namesIn(path)) texts.push(await readOne(join(path, name)))
    return texts
  } catch (error) {
    if (error instanceof Fault || errnoOf(error) === undefined) throw error
    throw new Fault('bad-configuration', `${path}: ${systemText(error)}`, {cause: error})
  }
}

async function readOne(path: string): Promise<string> {
  const text = await readFile(path, 'latin1')
  if (text.length > MAX_OCTETS) throw new Fault('bad-configuration', `${path}: larger than ${MAX_OCTETS} octets`)
  return text
}

async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = []
  for (const name of await readdir(directory)) {
    if (!name.endsWith('~') && (await isUsed(directory, name))) names.push(name)
  }
  return names
}

/** Links are followed; one level only. */
async function isUsed(directory: string, name: string): Promise<boolean> {
  const path = join(directory, name)
  if (!(await stat(path)).isFile()) return false
  if (LEFTOVER.test(name))
    throw new Fault(
      'bad-configuration',
      `${path} found, please investigate and remove it, and\nmake any needed changes to ${path.replace(LEFTOVER, '')}`,
    )
  if (name.endsWith('.dist')) await checkShipped(path)
  return !name.endsWith('.dist')
}

/** A shipped file counts once it has been copied, and looked at after each update of the package. */
async function checkShipped(path: string): Promise<void> {
  const base = path.slice(0, -'.dist'.length)
  const [shipped, own] = [await stat(path), await stat(base).catch(() => undefined)]
  if (own && own.mtimeMs > shipped.mtimeMs) return
  throw new Fault('bad-configuration', `${path} exists, please copy to ${base}${own ? '\nor edit it to have a newer timestamp' : ''}`)
}
