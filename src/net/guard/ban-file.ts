/**
 * The file of the bans in the state directory: written by servers and by `courier ban`, each time whole and under a lock, read by
 * servers when it has changed.
 */
import {mkdir, open, readFile, rm, stat} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {replaceFile} from '../../support/atomic-file.js'
import {errnoOf, Fault} from '../../support/fault.js'
import {type Ban, current, formatBans, readBans} from './ban.js'

/** Who waits longer for the lock gives up. */
const PATIENCE_MS = 3_000
const RETRY_MS = 15
/** A lock that old was left by a process that has ended. */
const STALE_MS = 10_000

export function banPath(stateDirectory: string): string {
  return join(stateDirectory, 'bans.json')
}

/** The bans of the file; none when there is no file. @throws {BadSyntax}, and what the system says */
export async function readBanFile(path: string): Promise<Ban[]> {
  try {
    return readBans(await readFile(path, 'utf8'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

/**
 * Changes the bans: `change` gets those that count now and gives what is to be there.
 *
 * @throws {Fault} `busy` when another process holds the lock, and what the system says
 */
export async function changeBanFile(path: string, change: (bans: readonly Ban[]) => readonly Ban[]): Promise<readonly Ban[]> {
  await mkdir(dirname(path), {recursive: true, mode: 0o750})
  await lock(`${path}.lock`)
  try {
    // A damaged file is replaced: its bans are lost, not the next ones.
    const known = await readBanFile(path).catch((error: unknown) => {
      if (errnoOf(error) !== undefined) throw error
      return []
    })
    const bans = change(current(known, Date.now()))
    await replaceFile({path, temporary: `${path}.tmp`, mode: 0o640}, async (file) => {
      await file.writeFile(formatBans(bans))
      await giveToOwner(path, file)
    })
    return bans
  } finally {
    await rm(`${path}.lock`, {force: true})
  }
}

/** As root: the server that has the directory must be able to read it. */
async function giveToOwner(path: string, file: {chown(uid: number, gid: number): Promise<void>}): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const {uid, gid} = await stat(dirname(path))
  await file.chown(uid, gid)
}

async function lock(path: string): Promise<void> {
  for (let left = PATIENCE_MS; left > 0; left -= RETRY_MS) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.close()
      return
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
    const found = await stat(path).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, {force: true})
    else await sleep(RETRY_MS)
  }
  throw new Fault('busy', `"${path}" is held by another process`)
}
