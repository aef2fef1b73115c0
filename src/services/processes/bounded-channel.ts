/**
 * A limit for what a child may send on its channel.
 *
 * Node gathers what comes until a line is whole, however long it is: a child that was taken over could fill the memory of its parent,
 * which is root. Node has nothing to say against it, so the octets are counted where its handle gives them to it.
 */
import type {ChildProcess} from 'node:child_process'

/** The end of the channel within Node, of all versions since 12. */
interface PipeHandle {
  onread?: (octets: ArrayBuffer | undefined, ...rest: unknown[]) => unknown
}

const LINE_END = 0x0a

/** The property of a child that holds it. */
function pipeOf(child: ChildProcess): PipeHandle | undefined {
  const key = Object.getOwnPropertySymbols(child).find(({description}) => description === 'kChannelHandle')
  return key && (child as unknown as Record<symbol, PipeHandle>)[key]
}

/**
 * Calls `exceeded`, once, when a line of the child is longer than `max` octets; what comes after that is thrown away. False: this Node
 * has its channel somewhere else, and there is no limit.
 */
export function boundChannel(child: ChildProcess, max: number, exceeded: () => void): boolean {
  const pipe = pipeOf(child)
  const take = pipe?.onread
  if (!pipe || typeof take !== 'function') return false
  let length = 0
  let over = false
  pipe.onread = (octets, ...rest) => {
    // The end of the channel.
    if (!octets) return take.call(pipe, octets, ...rest)
    if (over) return undefined
    const end = new Uint8Array(octets).lastIndexOf(LINE_END)
    length = end < 0 ? length + octets.byteLength : octets.byteLength - end - 1
    over = length > max
    if (!over) return take.call(pipe, octets, ...rest)
    exceeded()
    return undefined
  }
  return true
}
