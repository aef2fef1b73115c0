import {rename, rm} from 'node:fs/promises'
import {dirname} from 'node:path'
import {syncDirectory} from '../../support/atomic-file.js'
import {writeGdbm} from '../../support/gdbm-writer.js'

export interface AccessReplacement {
  readonly path: string
  /** In the same directory; removed when it cannot be written. */
  readonly temporary: string
  readonly records: ReadonlyMap<string, string>
}

const WORLD_READABLE = 0o644

/** Replaces a compiled access file: whoever opens it sees the old rules or the new ones. */
export async function replaceWithGdbm({path, temporary, records}: AccessReplacement): Promise<void> {
  try {
    await writeGdbm({path: temporary, mode: WORLD_READABLE, records: () => records})
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, {force: true})
    throw error
  }
  await syncDirectory(dirname(path))
}
