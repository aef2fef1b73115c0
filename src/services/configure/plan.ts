import {stat} from 'node:fs/promises'
import {dirname} from 'node:path'
import {type FileState, readState, targetOf} from './file-state.js'

/** A file that is to become another one; undefined: does not exist. */
export interface Change {
  readonly path: string
  readonly before: FileState | undefined
  readonly after: FileState | undefined
}

interface Planned {
  readonly before: FileState | undefined
  after: FileState | undefined
}

/** What is to be done to files. Nothing is changed before all is known; who reads sees what was planned so far. */
export class Plan {
  readonly #files = new Map<string, Planned>()

  async #at(path: string): Promise<Planned> {
    const target = await targetOf(path)
    const known = this.#files.get(target)
    if (known) return known
    const before = await readState(target)
    const planned = {before, after: before}
    this.#files.set(target, planned)
    return planned
  }

  async read(path: string): Promise<FileState | undefined> {
    return (await this.#at(path)).after
  }

  /** Text for a file. One that exists keeps rights and owner; a new one gets `mode` and the owner of its directory, or those of `like`. */
  async write(path: string, text: string, {mode, like}: {readonly mode: number; readonly like?: FileState | undefined}): Promise<void> {
    const planned = await this.#at(path)
    const model = planned.after ?? like ?? {mode, ...(await ownerOfDirectory(path))}
    planned.after = {text, mode: model.mode, uid: model.uid, gid: model.gid}
    await this.#moveToEnd(path)
  }

  async remove(path: string): Promise<void> {
    const planned = await this.#at(path)
    planned.after = undefined
    await this.#moveToEnd(path)
  }

  /** What is planned later is done later: a copy of the old file comes before the new one. */
  async #moveToEnd(path: string): Promise<void> {
    const target = await targetOf(path)
    const planned = this.#files.get(target)
    if (!planned) return
    this.#files.delete(target)
    this.#files.set(target, planned)
  }

  /** What differs from now, in the order in which it was planned. */
  changes(): Change[] {
    return [...this.#files].map(([path, {before, after}]) => ({path, before, after})).filter(({before, after}) => !sameState(before, after))
  }
}

export function sameState(one: FileState | undefined, other: FileState | undefined): boolean {
  return one?.text === other?.text && one?.mode === other?.mode && one?.uid === other?.uid && one?.gid === other?.gid
}

/** Whose new files are: with the owner of the directory, whoever runs the upgrade. */
async function ownerOfDirectory(path: string): Promise<{uid: number; gid: number}> {
  const found = await stat(dirname(path)).catch(() => undefined)
  return found ? {uid: found.uid, gid: found.gid} : {uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0}
}
