/** Removes messages: unlinks their files under the lock. What others renamed meanwhile is looked up again. */
import {fileFault} from '../file-fault.js'
import type {Uid} from '../types.js'
import {type Folder, LOCK_BATCH} from './folder.js'

const TRIES = 10

export interface Removed {
  readonly uid: Uid
  /** File name that the message had. */
  readonly name: string
}

/**
 * Removes messages for which `mayRemove` holds at the moment of removal. Answers when that is on disk, with what was
 * removed here (not by others).
 */
export async function removeMessages(folder: Folder, uids: readonly Uid[], mayRemove: (uid: Uid) => boolean): Promise<readonly Removed[]> {
  const removed: Removed[] = []
  let rest: readonly Uid[] = uids
  for (let attempt = 0; rest.length > 0 && attempt < TRIES; attempt += 1) {
    if (attempt > 0) await folder.refresh()
    const again: Uid[] = []
    for (let at = 0; at < rest.length; at += LOCK_BATCH) {
      const batch = rest.slice(at, at + LOCK_BATCH)
      await folder.exclusive(() => removeBatch(folder, batch, mayRemove, removed, again))
      if (at + LOCK_BATCH < rest.length) await new Promise((resolve) => setImmediate(resolve))
    }
    rest = again
  }
  if (removed.length > 0) await folder.syncRemovals()
  return removed
}

async function removeBatch(
  folder: Folder,
  uids: readonly Uid[],
  mayRemove: (uid: Uid) => boolean,
  removed: Removed[],
  again: Uid[],
): Promise<void> {
  const gone: Uid[] = []
  try {
    await folder.locked(async () => {
      for (const uid of uids) {
        const index = folder.snapshot.indexOf(uid)
        if (index < 0 || !mayRemove(uid)) continue
        const name = folder.snapshot.nameAt(index)
        if (await folder.env.files.unlink(`${folder.path}/cur/${name}`)) {
          gone.push(uid)
          removed.push({uid, name})
        } else again.push(uid)
      }
    })
  } catch (error) {
    throw fileFault(error, `Cannot remove messages of "${folder.name}"`)
  } finally {
    folder.apply({gone})
    folder.touched({gone: gone.length > 0})
  }
}
