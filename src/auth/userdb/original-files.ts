import {lstat} from 'node:fs/promises'
import {isGdbm} from '../../support/gdbm-reader.js'
import {writeGdbm} from '../../support/gdbm-writer.js'
import {openKeyedDatabase} from '../../support/keyed-database.js'
import {userdbPaths} from './paths.js'

/**
 * What real Courier has beside the userdb text: nothing, files of the form that we write, or something else, which another
 * build of it would go on reading (Berkeley DB, another kind of machine).
 */
export async function originalFiles(source: string): Promise<'none' | 'gdbm' | 'other'> {
  const {originalOpen, originalShadow} = userdbPaths(source)
  let found: 'none' | 'gdbm' = 'none'
  for (const path of [originalOpen, originalShadow]) {
    const state = await lstat(path).catch(() => undefined)
    if (!state) continue
    // Left empty by a run that was cut short: nobody can read it.
    if (!state.isFile() || (state.size > 0 && !(await isGdbm(path)))) return 'other'
    found = 'gdbm'
  }
  return found
}

/** Writes the records of a sealed database of ours as a GDBM file (`spec/auth.md` §29). */
export async function copyToGdbm(from: string, {path, mode}: {readonly path: string; readonly mode: number}): Promise<void> {
  const database = await openKeyedDatabase(from)
  if (!database) return
  try {
    await writeGdbm({path, mode, records: () => database.records()})
  } finally {
    await database.close()
  }
}
