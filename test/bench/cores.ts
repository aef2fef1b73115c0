/** Which processors client and servers run on: apart, so that the one does not take the other's time. */
import {execFileSync} from 'node:child_process'
import {availableParallelism} from 'node:os'
import {processTree} from './process-tree.js'

const COUNT = availableParallelism()
const LAST = COUNT - 1

function set(pid: number, list: string): void {
  try {
    execFileSync('taskset', ['-a', '-p', '-c', list, String(pid)], {stdio: 'ignore'})
  } catch {
    // ended meanwhile, or there is no taskset
  }
}

/** The client keeps to the last processor. */
export function pinClient(): void {
  if (COUNT > 1) set(process.pid, String(LAST))
}

/** A server keeps off the client's processor, or `spreads` over all of them: for work of many sessions at once. */
export function pinServer(roots: readonly number[], {spreads}: {readonly spreads: boolean}): void {
  if (COUNT === 1) return
  for (const pid of processTree(roots)) set(pid, spreads ? `0-${LAST}` : `0-${LAST - 1}`)
}
