/**
 * What may be on disk after the power went off. A conservative journaled file system: what was synced is there; of
 * the rest any subset, each change of a directory for itself. Only a rename is never lost halfway: a name that it took
 * away is gone only if the new one is there.
 */
import {type DiskStep, SimulatedClock, SimulatedDisk, type SimulatedNode} from './simulated-disk.js'

interface ImageNode {
  readonly kind: 'file' | 'directory'
  data: Buffer
  mtimeNs: bigint
  readonly entries: Map<string, number>
}

/** A whole disk at rest. */
export interface DiskImage {
  readonly root: number
  readonly nodes: Map<number, ImageNode>
}

export function imageOf(disk: SimulatedDisk): DiskImage {
  const nodes = new Map<number, ImageNode>()
  const visit = (node: SimulatedNode) => {
    if (nodes.has(node.id)) return
    const entries = new Map([...node.entries].map(([name, {id}]) => [name, id]))
    nodes.set(node.id, {kind: node.kind, data: node.data, mtimeNs: node.mtimeNs, entries})
    for (const child of node.entries.values()) visit(child)
  }
  visit(disk.root)
  return {root: disk.root.id, nodes}
}

/** A running disk with this content, a day later. */
export function diskFrom({root, nodes}: DiskImage): SimulatedDisk {
  const clock = new SimulatedClock(10)
  clock.advance(86_400_000)
  const disk = new SimulatedDisk(clock)
  const made = new Map<number, SimulatedNode>([[root, disk.root]])
  for (const [id, {kind, data, mtimeNs}] of nodes) if (id !== root) made.set(id, disk.restoreNode(id, kind, data, mtimeNs))
  for (const [id, {entries}] of nodes) {
    for (const [name, child] of entries) {
      const node = made.get(child)
      if (!node) throw new Error(`No node ${child}`)
      node.links += 1
      made.get(id)?.entries.set(name, node)
    }
  }
  return disk
}

function apply(image: DiskImage, steps: readonly DiskStep[]): DiskImage {
  const nodes = new Map([...image.nodes].map(([id, node]) => [id, {...node, entries: new Map(node.entries)}]))
  for (const step of steps) {
    if (step.kind === 'made') nodes.set(step.node, {kind: step.type, data: Buffer.alloc(0), mtimeNs: 0n, entries: new Map()})
    else if (step.kind === 'data') Object.assign(nodes.get(step.node) ?? {}, {data: step.data, mtimeNs: step.mtimeNs})
    else if (step.kind === 'entry') {
      const entries = nodes.get(step.directory)?.entries
      if (step.node === undefined) entries?.delete(step.name)
      else entries?.set(step.name, step.node)
    } else if (step.kind === 'swap') {
      const entries = nodes.get(step.directory)?.entries
      entries?.delete(step.from)
      entries?.set(step.to, step.node)
    }
  }
  return {root: image.root, nodes}
}

/** All that happens on a disk from now on, call by call. */
export class Recording {
  readonly before: DiskImage
  readonly calls: (readonly DiskStep[])[] = []

  constructor(disk: SimulatedDisk) {
    this.before = imageOf(disk)
    disk.onSteps = (steps) => this.calls.push(steps)
  }

  get syncs(): number {
    return this.calls.flat().filter(isSync).length
  }

  /** What a sync was for, in words. */
  describeSync(sync: number): string {
    const names = new Map<number, string>()
    for (const [id, {entries}] of this.before.nodes) for (const [name, child] of entries) names.set(child, `${names.get(id) ?? ''}/${name}`)
    for (const step of this.calls.flat())
      if (step.kind === 'entry' && step.node !== undefined) names.set(step.node, `${names.get(step.directory)}/${step.name}`)
    const step = this.calls.flat().filter(isSync)[sync]
    return step ? `${step.kind} ${names.get(step.node)}` : ''
  }

  /** The disk when the process was killed after so many calls: everything is there. */
  killedAfter(calls: number): DiskImage {
    return apply(this.before, this.calls.slice(0, calls).flat())
  }

  /** Disks when the power went off after so many calls; `withoutSync`: as if that sync had never been called. */
  *cutAfter(calls: number, random: (limit: number) => number, withoutSync?: number): Generator<DiskImage> {
    const {steps, optional} = this.#durability(calls, withoutSync)
    const temporary = this.#temporaryDirectories()
    const lasting = this.#lastingNodes(temporary)
    const matters = optional.filter((step) =>
      step.kind === 'data' ? lasting.has(step.node) : 'directory' in step && !temporary.has(step.directory),
    )
    const aside = optional.filter((step) => !matters.includes(step))
    for (const lost of subsets(matters, random)) {
      const missing = new Set([...lost, ...aside.filter(() => random(2) === 0)])
      yield apply(
        this.before,
        steps.filter((step) => !missing.has(step) && !(step.kind === 'entry' && step.needs && missing.has(step.needs))),
      )
    }
  }

  /** What was done, and what of it may be lost. */
  #durability(calls: number, withoutSync: number | undefined): {steps: DiskStep[]; optional: DiskStep[]} {
    const all = this.calls.slice(0, calls).flat()
    const left = all.filter(isSync)[withoutSync ?? -1]
    const steps = all.filter((step) => step !== left)
    const synced = new Set<number>()
    const durable = new Set<DiskStep>()
    for (const step of [...steps].reverse()) {
      if (isSync(step)) synced.add(step.node)
      else if (step.kind === 'made') durable.add(step)
      else if (synced.has(step.kind === 'data' ? step.node : step.directory)) durable.add(step)
      if (step.kind === 'entry' && step.needs && durable.has(step)) durable.add(step.needs)
    }
    return {steps, optional: steps.filter((step) => !isSync(step) && !durable.has(step))}
  }

  #temporaryDirectories(): Set<number> {
    const found = new Set<number>()
    for (const {entries} of this.before.nodes.values()) for (const [name, id] of entries) if (name === 'tmp') found.add(id)
    return found
  }

  /** Files that get a name outside of `tmp/`. */
  #lastingNodes(temporary: ReadonlySet<number>): Set<number> {
    const found = new Set<number>()
    for (const step of this.calls.flat()) {
      if ((step.kind === 'entry' || step.kind === 'swap') && step.node !== undefined && !temporary.has(step.directory)) found.add(step.node)
    }
    return found
  }
}

function isSync(step: DiskStep): step is DiskStep & {readonly kind: 'sync-file' | 'sync-directory'} {
  return step.kind === 'sync-file' || step.kind === 'sync-directory'
}

/** All subsets of a few; of many: all, none, each one alone, all but one, and a hundred more. */
function* subsets<T>(items: readonly T[], random: (limit: number) => number): Generator<readonly T[]> {
  if (items.length <= 7) {
    for (let bits = 0; bits < 1 << items.length; bits += 1) yield items.filter((_, place) => bits & (1 << place))
    return
  }
  yield items
  yield []
  for (const item of items) {
    yield [item]
    yield items.filter((other) => other !== item)
  }
  for (let count = 0; count < 100; count += 1) yield items.filter(() => random(2) === 0)
}

/** Tells disks apart; what lies in `tmp/` does not matter. */
export function signature({root, nodes}: DiskImage): string {
  const lines: string[] = []
  const visit = (id: number, path: string) => {
    const node = nodes.get(id)
    if (node?.kind === 'file') lines.push(`${path} ${id} ${node.data.toString('latin1')}`)
    if (path.endsWith('/tmp')) return
    for (const [name, child] of node?.entries ?? []) visit(child, `${path}/${name}`)
  }
  visit(root, '')
  return lines.sort().join('\n')
}
