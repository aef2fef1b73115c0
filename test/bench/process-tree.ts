/** Processes and their descendants, from /proc. */
import {readdirSync, readFileSync} from 'node:fs'

const TICK_MS = 10

/** Fields of /proc/PID/stat from the third on; undefined: the process has ended. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** These processes and all that they, or their children, have started and that live. */
export function processTree(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const parent = pid > 0 ? Number(statOf(pid)?.[1]) : Number.NaN
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const all: number[] = []
  const open = [...roots]
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    all.push(pid)
    open.push(...(children.get(pid) ?? []))
  }
  return all
}

function tasksMs(pid: number): number {
  let sum = 0
  try {
    for (const task of readdirSync(`/proc/${pid}/task`))
      sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]) / 1e6
  } catch {
    // ended meanwhile
  }
  return sum
}

/** CPU time of all living tasks by the scheduler's count, and of ended children by the clock's ticks, milliseconds. */
export function scheduledMs(roots: readonly number[]): number {
  let sum = 0
  for (const pid of processTree(roots)) {
    const [cutime = 0, cstime = 0] = statOf(pid)?.slice(13, 15).map(Number) ?? []
    sum += tasksMs(pid) + (cutime + cstime) * TICK_MS
  }
  return sum
}

/** Proportional set size of processes and their descendants, octets. */
export function processMemory(roots: readonly number[]): number {
  let sum = 0
  for (const pid of processTree(roots)) {
    try {
      sum += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0) * 1024
    } catch {
      // ended meanwhile
    }
  }
  return sum
}
