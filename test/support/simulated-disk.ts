/**
 * A file system in memory: directories, hard links, inodes, time stamps that move in steps, and a record of what
 * has reached the disk. Calls are synchronous and atomic; who simulates programs calls them one after the other.
 */
import type {FileFacts} from '../../src/maildir/files.js'

/** A file or directory. */
export interface SimulatedNode {
  readonly id: number
  readonly kind: 'file' | 'directory'
  data: Buffer
  readonly entries: Map<string, SimulatedNode>
  mode: number
  links: number
  mtimeNs: bigint
  ctimeNs: bigint
}

/** One thing that a call did, for the power-cut model. */
export type DiskStep =
  /** `needs`: the step of the same call without which this one cannot have happened. */
  | {
      readonly kind: 'entry'
      readonly directory: number
      readonly name: string
      readonly node: number | undefined
      readonly needs?: DiskStep
    }
  /** Two entries of one directory that change together: a rename within it. */
  | {readonly kind: 'swap'; readonly directory: number; readonly from: string; readonly to: string; readonly node: number}
  | {readonly kind: 'made'; readonly node: number; readonly type: 'file' | 'directory'}
  | {readonly kind: 'data'; readonly node: number; readonly data: Buffer; readonly mtimeNs: bigint}
  | {readonly kind: 'sync-file'; readonly node: number}
  | {readonly kind: 'sync-directory'; readonly node: number}

/** Time of a simulated machine. Time stamps of files lag behind it: they move in steps, as the kernel's do. */
export class SimulatedClock {
  readonly #stepUs: number
  #nowUs = 1_800_000_000_000_000
  /** Where in a step the stamps lie. After the clock was set they lie elsewhere. */
  #phaseUs: number

  /** `stepMs`: 10 as a kernel with 100 Hz; 1000 for a file system that keeps whole seconds. */
  constructor(stepMs: number) {
    this.#stepUs = stepMs * 1000
    this.#phaseUs = stepMs === 1000 ? 0 : 1234
  }

  get nowMs(): number {
    return this.#nowUs / 1000
  }

  get stampNs(): bigint {
    const us = Math.floor((this.#nowUs - this.#phaseUs) / this.#stepUs) * this.#stepUs + this.#phaseUs
    return BigInt(us) * 1000n
  }

  advance(ms: number): void {
    this.#nowUs += Math.round(ms * 1000)
  }

  /** Somebody sets the clock, forward or back. A file system with whole seconds cannot tell the same second twice, so there never back. */
  set(deltaMs: number): void {
    if (this.#phaseUs === 0) this.advance(Math.abs(deltaMs))
    else {
      this.advance(deltaMs)
      this.#phaseUs += 777
    }
  }
}

export function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: "${path}"`), {code})
}

export class SimulatedDisk {
  readonly clock: SimulatedClock
  readonly root: SimulatedNode
  /** Takes the steps of each call, when somebody records. */
  onSteps: ((steps: readonly DiskStep[]) => void) | undefined
  #lastId = 1

  constructor(clock: SimulatedClock) {
    this.clock = clock
    this.root = this.#node('directory', 0o755)
  }

  /** Makes a node with a given number, for building the disk after a power cut. */
  restoreNode(id: number, kind: SimulatedNode['kind'], data: Buffer, mtimeNs: bigint): SimulatedNode {
    this.#lastId = Math.max(this.#lastId, id)
    return {id, kind, data, entries: new Map(), mode: kind === 'file' ? 0o600 : 0o700, links: 0, mtimeNs, ctimeNs: this.clock.stampNs}
  }

  find(path: string): SimulatedNode | undefined {
    let node: SimulatedNode | undefined = this.root
    for (const part of parts(path)) {
      node = node.kind === 'directory' ? node.entries.get(part) : undefined
      if (!node) return undefined
    }
    return node
  }

  facts(node: SimulatedNode): FileFacts {
    const {id, kind, data, mode, mtimeNs, ctimeNs} = node
    const links = kind === 'file' ? node.links : 2
    const size = kind === 'file' ? data.length : 4096
    return {device: 1n, inode: BigInt(id), mtimeNs, ctimeNs, size, mode, uid: 1000, gid: 1000, links, kind}
  }

  /** Names in a directory. @throws `ENOENT`, `ENOTDIR` */
  names(path: string): string[] {
    return [...this.directory(path).entries.keys()]
  }

  directory(path: string): SimulatedNode {
    const node = this.find(path)
    if (!node) throw failure('ENOENT', path)
    if (node.kind !== 'directory') throw failure('ENOTDIR', path)
    return node
  }

  make(path: string, kind: SimulatedNode['kind'], mode: number, data: Buffer = Buffer.alloc(0)): SimulatedNode {
    const {parent, name} = this.#parent(path)
    if (parent.entries.has(name)) throw failure('EEXIST', path)
    const node = this.#node(kind, mode)
    node.data = data
    this.#put(parent, name, node)
    this.#tell([
      {kind: 'made', node: node.id, type: kind},
      ...(data.length > 0 ? [{kind: 'data', node: node.id, data, mtimeNs: node.mtimeNs} as const] : []),
      {kind: 'entry', directory: parent.id, name, node: node.id},
    ])
    return node
  }

  write(node: SimulatedNode, data: Buffer): void {
    node.data = data
    node.mtimeNs = this.clock.stampNs
    node.ctimeNs = node.mtimeNs
    this.#tell([{kind: 'data', node: node.id, data, mtimeNs: node.mtimeNs}])
  }

  touch(node: SimulatedNode, mtimeMs: number): void {
    node.mtimeNs = BigInt(Math.floor(mtimeMs * 1000)) * 1000n
    node.ctimeNs = this.clock.stampNs
    if (node.kind === 'file') this.#tell([{kind: 'data', node: node.id, data: node.data, mtimeNs: node.mtimeNs}])
  }

  chmod(node: SimulatedNode, mode: number): void {
    node.mode = mode
    node.ctimeNs = this.clock.stampNs
    this.#tell([])
  }

  link(from: string, to: string): void {
    const node = this.find(from)
    if (!node) throw failure('ENOENT', from)
    const {parent, name} = this.#parent(to)
    if (parent.entries.has(name)) throw failure('EEXIST', to)
    this.#put(parent, name, node)
    this.#tell([{kind: 'entry', directory: parent.id, name, node: node.id}])
  }

  /** As POSIX: replaces a file; does nothing when both names are one file. */
  rename(from: string, to: string): void {
    const node = this.find(from)
    if (!node) throw failure('ENOENT', from)
    const source = this.#parent(from)
    const target = this.#parent(to)
    const replaced = target.parent.entries.get(target.name)
    if (replaced === node) return
    if (replaced?.kind === 'directory') throw failure('ENOTEMPTY', to)
    if (replaced) replaced.links -= 1
    this.#remove(source.parent, source.name)
    this.#put(target.parent, target.name, node)
    const added: DiskStep = {kind: 'entry', directory: target.parent.id, name: target.name, node: node.id}
    const swapped: DiskStep = {kind: 'swap', directory: source.parent.id, from: source.name, to: target.name, node: node.id}
    const isWithin = source.parent === target.parent
    this.#tell(
      isWithin ? [swapped] : [added, {kind: 'entry', directory: source.parent.id, name: source.name, node: undefined, needs: added}],
    )
  }

  unlink(path: string): boolean {
    const node = this.find(path)
    if (!node) {
      this.#tell([])
      return false
    }
    const {parent, name} = this.#parent(path)
    if (node.entries.size > 0) throw failure('ENOTEMPTY', path)
    this.#remove(parent, name)
    this.#tell([{kind: 'entry', directory: parent.id, name, node: undefined}])
    return true
  }

  syncFile(node: SimulatedNode): void {
    this.#tell([{kind: 'sync-file', node: node.id}])
  }

  syncDirectory(path: string): void {
    this.#tell([{kind: 'sync-directory', node: this.directory(path).id}])
  }

  #node(kind: SimulatedNode['kind'], mode: number): SimulatedNode {
    this.#lastId += 1
    const stamp = this.clock.stampNs
    return {id: this.#lastId, kind, data: Buffer.alloc(0), entries: new Map(), mode, links: 0, mtimeNs: stamp, ctimeNs: stamp}
  }

  #parent(path: string): {parent: SimulatedNode; name: string} {
    const all = parts(path)
    const name = all.pop() ?? ''
    return {parent: this.directory(all.join('/')), name}
  }

  #put(parent: SimulatedNode, name: string, node: SimulatedNode): void {
    parent.entries.set(name, node)
    node.links += 1
    node.ctimeNs = this.clock.stampNs
    parent.mtimeNs = this.clock.stampNs
    parent.ctimeNs = parent.mtimeNs
  }

  #remove(parent: SimulatedNode, name: string): void {
    const node = parent.entries.get(name)
    parent.entries.delete(name)
    parent.mtimeNs = this.clock.stampNs
    parent.ctimeNs = parent.mtimeNs
    if (!node) return
    node.links -= 1
    node.ctimeNs = this.clock.stampNs
  }

  #tell(steps: readonly DiskStep[]): void {
    this.onSteps?.(steps)
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}
