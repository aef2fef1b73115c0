import {setImmediate} from 'node:timers/promises'
import {errnoOf, Fault} from '../support/fault.js'
import type {MaildirFiles} from './files.js'

const YIELD_EVERY = 100
const DEEPEST = 32
/** Times that a directory may be found filled again. */
const TRIES = 10

/**
 * Removes a directory and all in it. Links are removed, never followed.
 *
 * `cur` goes last of the top directory's entries, so what is left by a crash is still a folder that can be deleted.
 *
 * @throws {Fault} `busy` when something is put into it all the time
 */
export async function removeTree(path: string, files: MaildirFiles, depth = 0): Promise<void> {
  if (depth > DEEPEST) throw new Fault('io-error', `"${path}" is nested too deeply`)
  for (let round = 0; round < TRIES; round += 1) {
    await emptyDirectory(path, files, depth)
    try {
      await files.rmdir(path)
      return
    } catch (error) {
      const code = errnoOf(error)
      if (code === 'ENOENT') return
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    }
  }
  throw new Fault('busy', `"${path}" is filled as fast as it is emptied`)
}

async function emptyDirectory(path: string, files: MaildirFiles, depth: number): Promise<void> {
  const entries = await entriesOf(path, files)
  const last = entries.indexOf('cur')
  if (last >= 0) entries.push(...entries.splice(last, 1))
  let steps = 0
  for (const entry of entries) {
    const child = `${path}/${entry}`
    if (files.stat(child)?.kind === 'directory') await removeTree(child, files, depth + 1)
    else await files.unlink(child)
    if (++steps % YIELD_EVERY === 0) await setImmediate()
  }
}

async function entriesOf(path: string, files: MaildirFiles): Promise<string[]> {
  try {
    return await files.list(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
