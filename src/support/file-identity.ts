import {statSync} from 'node:fs'
import {errnoOf} from './fault.js'

/** Which file a path names: another one, or a rewritten one, differs in at least one of them. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
  readonly mtimeNs: bigint
  readonly size: bigint
}

/**
 * The identity of the file at `path`, undefined when there is none. Each login asks, of small local files that are at hand: on the
 * loop that costs a tenth.
 */
export function identityOf(path: string): FileIdentity | undefined {
  try {
    const facts = statSync(path, {bigint: true, throwIfNoEntry: false})
    return facts && {dev: facts.dev, ino: facts.ino, mtimeNs: facts.mtimeNs, size: facts.size}
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

export function sameFile(a: FileIdentity | undefined, b: FileIdentity | undefined): boolean {
  return a?.dev === b?.dev && a?.ino === b?.ino && a?.mtimeNs === b?.mtimeNs && a?.size === b?.size
}
