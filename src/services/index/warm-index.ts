import {Mailstores} from '../../maildir/mailstores.js'
import type {MessageNumber} from '../../maildir/types.js'
import {Fault} from '../../support/fault.js'
import {mailProcess} from '../start-mail.js'
import {becomeUser, isRoot} from '../unprivileged-user.js'
import {indexDirectory, prepareIndexDirectory} from './index-directory.js'
import {cacheDirectory, commandLog, type IndexCommand, targetMaildir} from './index-places.js'
import {flatIndexAt} from './make-index.js'

export interface WarmCommand extends IndexCommand {
  readonly target: string
  /** Called now and then with what is done. */
  readonly onProgress: (progress: WarmProgress) => void
}

export interface WarmProgress {
  readonly folder: string
  readonly done: number
  readonly messages: number
}

export interface WarmResult {
  readonly maildir: string
  readonly folders: number
  readonly messages: number
}

const BATCH = 500

/**
 * Reads every message of a Maildir once, so that the first client does not wait. As root it becomes the owner first.
 *
 * @throws {Fault} `busy` while a server writes the account's index
 */
export async function warmIndex(command: WarmCommand): Promise<WarmResult> {
  const {path, uid, gid} = await targetMaildir(command.target, command)
  const cache = cacheDirectory(command)
  if (isRoot() && uid !== 0) {
    prepareIndexDirectory(cache, {uid, gid})
    becomeUser({name: String(uid), uid, gid})
  }
  const log = commandLog()
  const index = flatIndexAt(indexDirectory(cache, process.geteuid?.() ?? 0), log)
  if (!index.mayWrite(Buffer.from(path).toString('latin1')))
    throw new Fault('busy', `The index of "${path}" belongs to a server that runs (or cannot be written): log in there instead`)
  const environment = {...mailProcess(log, index), useLocks: true, keywordsMode: 1 as const, trashFolder: 'Trash'}
  const store = await new Mailstores(environment).open({maildir: path, quota: undefined})
  let [folders, messages] = [0, 0]
  try {
    for (const {name} of await store.folders()) {
      // Read-only: nothing counts as seen by a client.
      const view = await store.select(name, {readOnly: true})
      folders += 1
      for (let first = 1; first <= view.size; first += BATCH) {
        const numbers = Array.from({length: Math.min(BATCH, view.size - first + 1)}, (_, place) => (first + place) as MessageNumber)
        for await (const batch of view.metadata(numbers, 'structure')) messages += batch.length
        command.onProgress({folder: name, done: Math.min(view.size, first + BATCH - 1), messages: view.size})
      }
      view.close()
    }
  } finally {
    store.release()
    await index.close()
  }
  return {maildir: path, folders, messages}
}
