import {type FileHandle, open, rename, rm} from 'node:fs/promises'
import {dirname} from 'node:path'

export interface ReplaceOptions {
  readonly path: string
  /** A name in the same directory; an old file there is removed. */
  readonly temporary: string
  /** Mode of the new file, whatever the umask is. */
  readonly mode: number
}

/**
 * Replaces `path` by what `write` writes: whoever opens it sees the old file or the new one, after a power cut too.
 * When `write` throws, nothing has changed.
 */
export async function replaceFile({path, temporary, mode}: ReplaceOptions, write: (file: FileHandle) => Promise<void>): Promise<void> {
  await rm(temporary, {force: true})
  const file = await open(temporary, 'wx', 0o600)
  try {
    try {
      await write(file)
      await file.chmod(mode)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, {force: true})
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Brings the names in a directory to disk. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
