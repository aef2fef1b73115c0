/** CPU time and memory of processes and all their descendants, from /proc. */
import {readdirSync, readFileSync} from 'node:fs'

const TICK_MS = 10

interface Stat {
  readonly parent: number
  readonly cpuMs: number
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number)
    return {parent: Number(fields[1]), cpuMs: (utime + stime + cutime + cstime) * TICK_MS}
  } catch {
    return undefined
  }
}

function tree(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    const stat = pid > 0 ? statOf(pid) : undefined
    if (stat) children.set(stat.parent, [...(children.get(stat.parent) ?? []), pid])
  }
  const all: number[] = []
  const open = [...roots]
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    all.push(pid)
    open.push(...(children.get(pid) ?? []))
  }
  return all
}

/** CPU time that the processes and their ended children have used, milliseconds. */
export function cpuMs(roots: readonly number[]): number {
  return tree(roots).reduce((sum, pid) => sum + (statOf(pid)?.cpuMs ?? 0), 0)
}

/** Proportional set size of all of them, octets. */
export function memoryBytes(roots: readonly number[]): number {
  let sum = 0
  for (const pid of tree(roots)) {
    try {
      sum += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0) * 1024
    } catch {
      // ended meanwhile
    }
  }
  return sum
}
