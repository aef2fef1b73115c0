import {chmod, chown, lstat, rename, rm} from 'node:fs/promises'
import {dirname} from 'node:path'
import {syncDirectory} from '../../support/atomic-file.js'
import {buildKeyedDatabases, sealKeyedDatabase} from '../../support/keyed-database.js'
import type {TryLock} from '../native.js'
import {type CompileProblem, compileUserdb} from './compile.js'
import {withLock} from './lock.js'
import {userdbPaths} from './paths.js'
import {userdbSources} from './source.js'

export interface MakeOptions {
  /** The userdb text: a file or a directory. */
  readonly source: string
  /** 32 hex digits that no earlier run had. */
  readonly generation: string
  readonly tryLock: TryLock
  readonly progress: (lines: number) => void
}

/**
 * Compiles userdb text into `userdb.lmdb` (0644) and `userdbshadow.lmdb` (0600) beside it (`design.md` §5).
 *
 * Both are built and on disk before either is renamed, the shadow first; both carry the same generation, so that a reader
 * that comes between the renames can tell. With problems in the text nothing is replaced. Two runs wait for each other.
 *
 * Compiling blocks the thread: for command-line tools and threads of their own.
 *
 * @returns problems in the text; empty when the databases have been replaced
 * @throws {Fault} `io-error`
 */
export async function makeUserdb({source, generation, tryLock, progress}: MakeOptions): Promise<readonly CompileProblem[]> {
  const {open, openTemporary, shadow, shadowTemporary, lock} = userdbPaths(source)
  return withLock({path: lock, mode: 0o644, tryLock}, async () => {
    let problems: readonly CompileProblem[] = []
    try {
      const sources = await userdbSources(source)
      const files = [
        {path: shadowTemporary, mode: 0o600},
        {path: openTemporary, mode: 0o644},
      ]
      await buildKeyedDatabases(files, ([addShadow, addPublic]) => {
        if (addShadow && addPublic) problems = compileUserdb({sources, addPublic, addShadow, progress})
      })
      if (problems.length > 0) return problems
      for (const path of [shadowTemporary, openTemporary]) await sealKeyedDatabase(path, generation)
      await chmod(openTemporary, 0o644)
      await keepOwner(shadow, shadowTemporary)
      await rename(shadowTemporary, shadow)
      await rename(openTemporary, open)
      await syncDirectory(dirname(open))
      return problems
    } finally {
      await rm(shadowTemporary, {force: true})
      await rm(openTemporary, {force: true})
    }
  })
}

/** A server that runs as another user than root has been given the passwords: a new file made by root stays its own. */
async function keepOwner(path: string, replacement: string): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const old = await lstat(path).catch(() => undefined)
  if (old?.isFile()) await chown(replacement, old.uid, old.gid)
}
