/** Removes messages: unlinks their files under the lock. What others renamed meanwhile is looked up again. */
import {errnoOf, Fault} from '../../support/fault.js'
import {fileFault} from '../file-fault.js'
import type {FlagBits, Uid} from '../types.js'
import type {Folder} from './folder.js'
import {LockBatches} from './lock-batches.js'

const TRIES = 10

export interface Removal {
  /** File names of what was removed here, not by others. */
  readonly removed: readonly string[]
  /** Why some could not be removed. */
  readonly failure: Error | undefined
}

/**
 * Removes those of these messages that have all of these flags at the moment of removal; ascending UIDs. Answers when that is
 * on disk. One that cannot be removed (a directory that somebody put there, one that others keep renaming) does not keep the
 * others. Does not reject: what was removed has to be counted, whatever came after it.
 */
export async function removeMessages(folder: Folder, uids: readonly Uid[], flags: FlagBits): Promise<Removal> {
  const removed: string[] = []
  const failures: unknown[] = []
  const failed = (error: unknown) => void failures.push(error)
  await folder.burst(() => removeAllOf({folder, flags, removed, again: [], failures}, uids)).catch(failed)
  if (removed.length > 0) await folder.syncRemovals().catch(failed)
  const failure = failures.length > 0 ? fileFault(failures[0], `Cannot remove messages of "${folder.name}"`) : undefined
  return {removed, failure}
}

async function removeAllOf(work: Work, uids: readonly Uid[]): Promise<void> {
  const {folder} = work
  const batches = new LockBatches()
  let rest: readonly Uid[] = uids
  for (let attempt = 0; rest.length > 0 && attempt < TRIES; attempt += 1) {
    if (attempt > 0) await folder.refresh()
    const again: Uid[] = []
    await batches.each(rest, (batch) => folder.exclusive(() => removeBatch({...work, again, batches}, batch)))
    rest = again
  }
  if (rest.length > 0) throw new Fault('busy', `Others keep changing messages of "${folder.name}"`)
}

interface Work {
  readonly folder: Folder
  readonly flags: FlagBits
  readonly removed: string[]
  /** Renamed by others meanwhile. */
  readonly again: Uid[]
  readonly failures: unknown[]
}

interface BatchWork extends Work {
  readonly batches: LockBatches
}

async function removeBatch({folder, flags, removed, again, failures, batches}: BatchWork, uids: readonly Uid[]): Promise<void> {
  const gone: Uid[] = []
  try {
    const removeAll = async () => {
      const doomed = folder.snapshot.filesOf(uids, flags)
      const outcomes = await folder.env.files.unlinkAll(`${folder.path}/cur`, doomed.names)
      for (let place = 0; place < outcomes.length; place += 1) {
        const uid = doomed.uids[place] as Uid
        const error = outcomes[place]
        if (error === undefined) {
          gone.push(uid)
          removed.push(doomed.names[place] as string)
        } else if (errnoOf(error) === 'ENOENT') again.push(uid)
        else failures.push(error)
      }
    }
    await folder.locked(() => batches.held(() => folder.changing(removeAll)))
  } catch (error) {
    throw fileFault(error, `Cannot remove messages of "${folder.name}"`)
  } finally {
    folder.apply({gone})
    folder.touched({gone: gone.length > 0})
  }
}
