import {finish, STRIDE, type Steps, sortSteps} from '../support/steps.js'
import {LIMITS} from './limits.js'
import {bySentDate, type Thread, type ThreadMessage} from './thread.js'

/** Steps of loop checks for each message, all together; beyond, links that would need a check are not made. */
const STEPS_PER_MESSAGE = 500
const NONE = -1

/** Messages and dummies with parent links; numbers below `count` are the messages. Never holds a loop. */
class Forest {
  readonly parents: number[]
  readonly #count: number
  readonly #childCounts: number[]
  readonly #byId = new Map<string, number>()
  #steps: number

  constructor(messages: readonly ThreadMessage[]) {
    this.#count = messages.length
    this.parents = new Array<number>(messages.length).fill(NONE)
    this.#childCounts = new Array<number>(messages.length).fill(0)
    this.#steps = messages.length * STEPS_PER_MESSAGE
  }

  /** Takes the messages' ids. The first message with an id has it; later ones, and those without, have one that nobody knows. */
  *name(messages: readonly ThreadMessage[]): Steps<void> {
    for (const [node, {messageId}] of messages.entries()) {
      if (messageId !== undefined && !this.#byId.has(messageId)) this.#byId.set(messageId, node)
      if (node % STRIDE === 0) yield
    }
  }

  /** The node of an id, a new dummy if nobody has it; undefined when there are too many dummies. */
  nodeOf(id: string): number | undefined {
    let node = this.#byId.get(id)
    if (node === undefined) {
      if (this.parents.length > this.#count * (1 + LIMITS.dummiesPerMessage)) return undefined
      node = this.parents.length
      this.parents.push(NONE)
      this.#childCounts.push(0)
      this.#byId.set(id, node)
    }
    return node
  }

  hasParent(node: number): boolean {
    return this.parents[node] !== NONE
  }

  /** Makes `child`, which has no parent, a child of `parent`, unless that would be a loop. */
  link(parent: number, child: number): void {
    if (this.#isAbove(child, parent)) return
    this.parents[child] = parent
    this.#childCounts[parent]! += 1
  }

  cut(child: number): void {
    const parent = this.parents[child]!
    if (parent === NONE) return
    this.parents[child] = NONE
    this.#childCounts[parent]! -= 1
  }

  /** Is `node` the same as `below` or above it? */
  #isAbove(node: number, below: number): boolean {
    if (node === below) return true
    if (this.#childCounts[node] === 0) return false
    for (let each = this.parents[below]!; each !== NONE; each = this.parents[each]!) {
      this.#steps -= 1
      if (each === node || this.#steps < 0) return true
    }
    return false
  }
}

/** Step 1: links by References. */
function* linkAll(messages: readonly ThreadMessage[]): Steps<Forest> {
  const forest = new Forest(messages)
  yield* forest.name(messages)
  for (const [node, {references}] of messages.entries()) {
    let previous = NONE
    for (const id of references) {
      const next = forest.nodeOf(id)
      if (next === undefined) continue
      if (previous !== NONE && !forest.hasParent(next)) forest.link(previous, next)
      previous = next
    }
    forest.cut(node)
    if (previous !== NONE) forest.link(previous, node)
    if (node % 16 === 0) yield
  }
  return forest
}

/** Nodes below each node, as lists; index `NONE` is not used. */
function* childLists(parents: readonly number[]): Steps<{roots: number[]; children: Map<number, number[]>}> {
  const roots: number[] = []
  const children = new Map<number, number[]>()
  for (const [node, parent] of parents.entries()) {
    if (node % STRIDE === 0) yield
    if (parent === NONE) {
      roots.push(node)
      continue
    }
    const list = children.get(parent)
    if (list) list.push(node)
    else children.set(parent, [node])
  }
  return {roots, children}
}

/** A message, or a dummy at the top level, being put together. */
interface Node {
  readonly message: ThreadMessage | undefined
  children: Node[]
}

/**
 * Steps 2 and 3: the trees without dummies; a dummy stays only at the top, with at least two children. Each node goes
 * below its nearest ancestor that stays.
 */
function* prune(messages: readonly ThreadMessage[], forest: Forest): Steps<Node[]> {
  const {roots, children} = yield* childLists(forest.parents)
  const made: (Node | undefined)[] = []
  for (const message of messages) made.push({message, children: []})
  const top: Node[] = []
  let steps = 0
  for (const root of roots) {
    const node = made[root] ?? {message: undefined, children: []}
    const waiting: {place: number; under: Node}[] = [{place: root, under: node}]
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const {place, under} = next
      if (++steps % STRIDE === 0) yield
      for (const child of children.get(place) ?? []) {
        const childNode = made[child]
        if (childNode) under.children.push(childNode)
        waiting.push({place: child, under: childNode ?? under})
      }
    }
    if (node.message || node.children.length > 1) top.push(node)
    else if (node.children.length === 1) top.push(node.children[0]!)
  }
  return top
}

/** What a top-level node is sorted by: itself, or a dummy's first child (whose siblings are sorted already). */
function leading(node: Node): ThreadMessage {
  return node.message ?? node.children[0]!.message!
}

function byLeadingDate(a: Node, b: Node): number {
  return bySentDate(leading(a), leading(b))
}

function* sortChildren(node: Node): Steps<void> {
  if (node.children.length > 1) node.children = yield* sortSteps(node.children, byLeadingDate)
}

/** Step 4, and step 6 for the top level. */
function* sortTop(top: readonly Node[]): Steps<Node[]> {
  for (const node of top) if (!node.message) yield* sortChildren(node)
  return yield* sortSteps(top, byLeadingDate)
}

/** Step 5.B: for each subject the thread that others are merged into. */
function* subjectTable(top: readonly Node[]): Steps<Map<string, Node>> {
  const table = new Map<string, Node>()
  for (const [i, node] of top.entries()) {
    if (i % STRIDE === 0) yield
    const {subject} = leading(node)
    if (subject === '') continue
    const before = table.get(subject)
    if (!before || (before.message && (!node.message || (before.message.isReply && !node.message.isReply)))) table.set(subject, node)
  }
  return table
}

/** Step 5.C: merges threads of one subject. */
function* mergeSubjects(top: readonly Node[]): Steps<Node[]> {
  const table = yield* subjectTable(top)
  // Taken before anything is merged: a merge changes a dummy's first child, but not the subject.
  const subjects: string[] = []
  for (const node of top) subjects.push(leading(node).subject)
  const merged = new Set<Node>()
  const added: Node[] = []
  for (const [i, node] of top.entries()) {
    if (i % STRIDE === 0) yield
    const chosen = table.get(subjects[i]!)
    if (!chosen || chosen === node) continue
    merged.add(node)
    if (!chosen.message && !node.message) for (const child of node.children) chosen.children.push(child)
    else if (!chosen.message || (node.message!.isReply && !chosen.message.isReply)) chosen.children.push(node)
    else {
      const dummy: Node = {message: undefined, children: [node, chosen]}
      merged.add(chosen)
      added.push(dummy)
      table.set(subjects[i]!, dummy)
    }
  }
  const left: Node[] = []
  for (const node of top) if (!merged.has(node)) left.push(node)
  for (const node of added) if (!merged.has(node)) left.push(node)
  return left
}

/** Step 6, and the result: every set of siblings is sorted, without recursion. */
function* toThreads(top: readonly Node[]): Steps<Thread[]> {
  const result: Thread[] = []
  let steps = 0
  const waiting: {node: Node; into: Thread[]}[] = []
  for (let i = top.length - 1; i >= 0; i -= 1) waiting.push({node: top[i]!, into: result})
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const {node, into} = next
    if (++steps % STRIDE === 0) yield
    yield* sortChildren(node)
    const children: Thread[] = []
    into.push({number: node.message?.number, children})
    for (let i = node.children.length - 1; i >= 0; i -= 1) waiting.push({node: node.children[i]!, into: children})
  }
  return result
}

function byNumber(a: ThreadMessage, b: ThreadMessage): number {
  return a.number - b.number
}

/** REFERENCES (RFC 5256 §3). Time is linear but for the sorting; chains may be as long as the mailbox. */
export function* threadReferencesSteps(messages: readonly ThreadMessage[]): Steps<Thread[]> {
  const inOrder = messages.toSorted(byNumber)
  const trees = yield* prune(inOrder, yield* linkAll(inOrder))
  const merged = yield* mergeSubjects(yield* sortTop(trees))
  return yield* toThreads(yield* sortTop(merged))
}

/** The same in one go. */
export function threadReferences(messages: readonly ThreadMessage[]): Thread[] {
  return finish(threadReferencesSteps(messages))
}
