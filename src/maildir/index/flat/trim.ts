/** Keeps the cache within its bounds: of each account, and in all, the folders that were not changed for longest go first. */
import {setImmediate} from 'node:timers/promises'
import {factsOf, namesIn, removeAll} from './cache-files.js'

export interface CacheLimits {
  readonly accountBytes: number
  readonly totalBytes: number
}

/** One folder's files. */
export interface CachedFolder {
  /** Path of its directory. */
  readonly path: string
  readonly bytes: number
  /** When it was written last, milliseconds since 1970. */
  readonly usedMs: number
}

export interface CachedAccount {
  readonly path: string
  readonly folders: readonly CachedFolder[]
}

function folderAt(path: string): CachedFolder {
  let bytes = 0
  let usedMs = 0
  for (const name of namesIn(path)) {
    const facts = factsOf(`${path}/${name}`)
    bytes += facts?.size ?? 0
    usedMs = Math.max(usedMs, facts?.mtimeMs ?? 0)
  }
  return {path, bytes, usedMs}
}

/** What is in a cache directory, account by account, in turn with other work. */
export async function* cachedAccounts(directory: string): AsyncGenerator<CachedAccount> {
  for (const name of namesIn(directory)) {
    const path = `${directory}/${name}`
    if (!/^[0-9a-f]{32}$/.test(name) || !factsOf(path)?.isDirectory) continue
    const folders = namesIn(path).filter((each) => /^[0-9a-f]+-[0-9a-f]+$/.test(each))
    yield {path, folders: folders.map((each) => folderAt(`${path}/${each}`))}
    await setImmediate()
  }
}

/** What has to go, so that the rest is within a limit: the oldest first. */
export function surplus(folders: readonly CachedFolder[], limitBytes: number): readonly CachedFolder[] {
  let bytes = folders.reduce((sum, folder) => sum + folder.bytes, 0)
  const gone: CachedFolder[] = []
  for (const folder of [...folders].sort((a, b) => a.usedMs - b.usedMs)) {
    if (bytes <= limitBytes) break
    gone.push(folder)
    bytes -= folder.bytes
  }
  return gone
}

/** Removes what is too much. Answers the paths of what went. `mayRemove`: not open. */
export async function trimCache(
  directory: string,
  {accountBytes, totalBytes}: CacheLimits,
  mayRemove: (path: string) => boolean,
): Promise<readonly string[]> {
  const gone: string[] = []
  const kept: CachedFolder[] = []
  const drop = (folders: readonly CachedFolder[]) => {
    const removed = new Set(folders.filter(({path}) => mayRemove(path)))
    for (const {path} of removed) {
      removeAll(path)
      gone.push(path)
    }
    return removed
  }
  for await (const {folders} of cachedAccounts(directory)) {
    const removed = drop(surplus(folders, accountBytes))
    kept.push(...folders.filter((folder) => !removed.has(folder)))
  }
  drop(surplus(kept, totalBytes))
  return gone
}
