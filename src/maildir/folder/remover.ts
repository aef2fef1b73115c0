/** Removes messages: unlinks their files under the lock. What others renamed meanwhile is looked up again. */
import {errnoOf} from '../../support/fault.js'
import {fileFault} from '../file-fault.js'
import type {Uid} from '../types.js'
import {LOCK_BATCH} from './access.js'
import type {Folder} from './folder.js'
import type {Snapshot} from './snapshot.js'

const TRIES = 10

export interface Removed {
  readonly uid: Uid
  /** File name that the message had. */
  readonly name: string
}

export interface Removal {
  /** What was removed here, not by others. */
  readonly removed: readonly Removed[]
  /** Why some could not be removed. */
  readonly failure: Error | undefined
}

/** Says of a message in the folder's snapshot whether it may be removed. */
export type MayRemove = (snapshot: Snapshot, index: number) => boolean

/**
 * Removes messages for which `mayRemove` holds at the moment of removal. Answers when that is on disk. One that cannot be
 * removed (a directory that somebody put there) does not keep the others. Does not reject: what was removed has to be counted,
 * whatever came after it.
 */
export async function removeMessages(folder: Folder, uids: readonly Uid[], mayRemove: MayRemove): Promise<Removal> {
  const removed: Removed[] = []
  const failures: unknown[] = []
  const failed = (error: unknown) => void failures.push(error)
  await folder.burst(() => removeAllOf({folder, mayRemove, removed, again: [], failures}, uids)).catch(failed)
  if (removed.length > 0) await folder.syncRemovals().catch(failed)
  const failure = failures.length > 0 ? fileFault(failures[0], `Cannot remove messages of "${folder.name}"`) : undefined
  return {removed, failure}
}

async function removeAllOf(work: Work, uids: readonly Uid[]): Promise<void> {
  const {folder} = work
  let rest: readonly Uid[] = uids
  for (let attempt = 0; rest.length > 0 && attempt < TRIES; attempt += 1) {
    if (attempt > 0) await folder.refresh()
    const again: Uid[] = []
    for (let at = 0; at < rest.length; at += LOCK_BATCH) {
      const batch = rest.slice(at, at + LOCK_BATCH)
      await folder.exclusive(() => removeBatch({...work, again}, batch))
      if (at + LOCK_BATCH < rest.length) await new Promise((resolve) => setImmediate(resolve))
    }
    rest = again
  }
}

interface Work {
  readonly folder: Folder
  readonly mayRemove: MayRemove
  readonly removed: Removed[]
  /** Renamed by others meanwhile. */
  readonly again: Uid[]
  readonly failures: unknown[]
}

async function removeBatch({folder, mayRemove, removed, again, failures}: Work, uids: readonly Uid[]): Promise<void> {
  const gone: Uid[] = []
  try {
    const removeAll = async () => {
      const {snapshot} = folder
      const doomed: Removed[] = []
      for (const uid of uids) {
        const index = snapshot.indexOf(uid)
        if (index >= 0 && mayRemove(snapshot, index)) doomed.push({uid, name: snapshot.nameAt(index)})
      }
      const outcomes = await folder.env.files.unlinkAll(
        `${folder.path}/cur`,
        doomed.map(({name}) => name),
      )
      for (const [place, message] of doomed.entries()) {
        const error = outcomes[place]
        if (!error) {
          gone.push(message.uid)
          removed.push(message)
        } else if (errnoOf(error) === 'ENOENT') again.push(message.uid)
        else failures.push(error)
      }
    }
    await folder.locked(() => folder.changing(removeAll))
  } catch (error) {
    throw fileFault(error, `Cannot remove messages of "${folder.name}"`)
  } finally {
    folder.apply({gone})
    folder.touched({gone: gone.length > 0})
  }
}
