import {chmod, chown, lstat, rename, rm, stat, utimes} from 'node:fs/promises'
import {dirname} from 'node:path'
import {syncDirectory} from '../../support/atomic-file.js'
import {buildKeyedDatabases, sealKeyedDatabase} from '../../support/keyed-database.js'
import type {TryLock} from '../native.js'
import {type CompileProblem, compileUserdb} from './compile.js'
import {withLock} from './lock.js'
import {copyToGdbm, originalFiles} from './original-files.js'
import {userdbPaths} from './paths.js'
import {userdbSources} from './source.js'

export interface MakeOptions {
  /** The userdb text: a file or a directory. */
  readonly source: string
  /** 32 hex digits that no earlier run had. */
  readonly generation: string
  readonly tryLock: TryLock
  /** Make real Courier's files, also when there are none yet. */
  readonly gdbm?: boolean
  readonly progress: (lines: number) => void
}

/**
 * Compiles userdb text into `userdb.lmdb` (0644) and `userdbshadow.lmdb` (0600) beside it (`design.md` §5), and into real
 * Courier's `userdb.dat` and `userdbshadow.dat` when they are there or wanted.
 *
 * All are built and on disk before any is renamed, the shadow first; ours carry the same generation, so that a reader
 * that comes between the renames can tell. With problems in the text nothing is replaced. Two runs wait for each other.
 *
 * Compiling blocks the thread: for command-line tools and threads of their own.
 *
 * @returns problems in the text; empty when the databases have been replaced
 * @throws {Fault} `io-error`
 */
export async function makeUserdb({source, generation, tryLock, gdbm = false, progress}: MakeOptions): Promise<readonly CompileProblem[]> {
  const paths = userdbPaths(source)
  const {open, openTemporary, shadow, shadowTemporary, originalOpen, originalShadow} = paths
  const {originalOpenTemporary, originalShadowTemporary} = paths
  return withLock({path: paths.lock, mode: 0o644, tryLock}, async () => {
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
      const pairs: {readonly temporary: string; readonly path: string; readonly mode: number}[] = [
        {temporary: shadowTemporary, path: shadow, mode: 0o600},
        {temporary: openTemporary, path: open, mode: 0o644},
      ]
      const original = await originalFiles(source)
      if (original === 'gdbm' || (gdbm && original === 'none')) {
        await copyToGdbm(shadowTemporary, {path: originalShadowTemporary, mode: 0o600})
        await copyToGdbm(openTemporary, {path: originalOpenTemporary, mode: 0o644})
        // Not newer than ours: a newer one is one that real Courier's makeuserdb has made.
        const seconds = Math.floor((await stat(openTemporary)).mtimeMs / 1000)
        for (const path of [originalShadowTemporary, originalOpenTemporary]) await utimes(path, seconds, seconds)
        pairs.push({temporary: originalShadowTemporary, path: originalShadow, mode: 0o600})
        pairs.push({temporary: originalOpenTemporary, path: originalOpen, mode: 0o644})
      }
      for (const {temporary, path, mode} of pairs) {
        if (mode === 0o644) await chmod(temporary, mode)
        else await keepOwner(path, temporary)
      }
      for (const {temporary, path} of pairs) await rename(temporary, path)
      await syncDirectory(dirname(open))
      return problems
    } finally {
      for (const path of [shadowTemporary, openTemporary, originalShadowTemporary, originalOpenTemporary]) await rm(path, {force: true})
    }
  })
}

/** A server that runs as another user than root has been given the passwords: a new file made by root stays its own. */
async function keepOwner(path: string, replacement: string): Promise<void> {
  if (process.geteuid?.() !== 0) return
  const old = await lstat(path).catch(() => undefined)
  if (old?.isFile()) await chown(replacement, old.uid, old.gid)
}
