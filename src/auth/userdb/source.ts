import type {Dirent, Stats} from 'node:fs'
import {readdir, stat} from 'node:fs/promises'
import {Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'

/** A file with userdb text. */
export interface SourceFile {
  /** Octets of the path. */
  readonly path: Buffer
  /** The path for messages. */
  readonly shown: string
  /** Path below the source directory and a slash, octets; empty when the source is one file. */
  readonly location: string
}

/**
 * The files that make up the userdb at `path`: the file itself, or all files of the directory and those below it, breadth
 * first (`spec/auth.md` §6 step 4). Names that start with a dot are left out; links are followed.
 *
 * Order within a directory is by octets: the original takes what readdir gives.
 *
 * @throws {Fault} `io-error` when something in it cannot be read
 */
export async function userdbSources(path: string): Promise<readonly SourceFile[]> {
  const root = Buffer.from(path).toString('latin1')
  const top = await statOf(root)
  if (!top.isDirectory()) return [{path: Buffer.from(path), shown: path, location: ''}]
  const files: SourceFile[] = []
  const directories = ['']
  const seen = new Set([`${top.dev}:${top.ino}`])
  for (let directory = directories.shift(); directory !== undefined; directory = directories.shift()) {
    for (const name of await namesIn(`${root}/${directory}`)) {
      const below = `${directory}${name}/`
      const full = `${root}/${directory}${name}`
      const found = await statOf(full)
      const identity = `${found.dev}:${found.ino}`
      if (!found.isDirectory()) files.push(sourceFile(full, below, found))
      else if (!seen.has(identity)) directories.push(below)
      // A link to a directory above would never end.
      if (found.isDirectory()) seen.add(identity)
    }
  }
  return files
}

function sourceFile(full: string, location: string, found: Stats): SourceFile {
  const path = Buffer.from(full, 'latin1')
  const shown = path.toString('utf8')
  // A pipe would be waited for without end.
  if (!found.isFile()) throw new Fault('io-error', `${shown}: not a file.`)
  return {path, shown, location}
}

async function statOf(path: string): Promise<Stats> {
  return failing(path, () => stat(Buffer.from(path, 'latin1')))
}

async function namesIn(path: string): Promise<string[]> {
  const entries: Dirent[] = await failing(path, () => readdir(Buffer.from(path, 'latin1'), {encoding: 'latin1', withFileTypes: true}))
  return entries
    .map((entry) => entry.name)
    .filter((name) => !name.startsWith('.'))
    .sort()
}

async function failing<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw new Fault('io-error', `${Buffer.from(path, 'latin1').toString('utf8')}: ${systemText(error)}`, {cause: error})
  }
}
