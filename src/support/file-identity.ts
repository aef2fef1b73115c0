import {stat} from 'node:fs/promises'
import {errnoOf} from './fault.js'

/** Which file a path names: another one, or a rewritten one, differs in at least one of them. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
  readonly mtimeNs: bigint
  readonly size: bigint
}

/** The identity of the file at `path`, undefined when there is none. */
export async function identityOf(path: string): Promise<FileIdentity | undefined> {
  try {
    const {dev, ino, mtimeNs, size} = await stat(path, {bigint: true})
    return {dev, ino, mtimeNs, size}
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

export function sameFile(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return a?.dev === b?.dev && a?.ino === b?.ino && a?.mtimeNs === b?.mtimeNs && a?.size === b?.size
}
