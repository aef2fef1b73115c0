import type {Thread, ThreadMessage} from '../../src/message/thread.js'

interface Box {
  message: ThreadMessage | undefined
  parent: Box | undefined
  children: Box[]
}

const sentDate = (a: ThreadMessage, b: ThreadMessage): number => a.sentEpoch - b.sentEpoch || a.number - b.number

function move(child: Box, parent: Box | undefined): void {
  if (child.parent) child.parent.children = child.parent.children.filter((each) => each !== child)
  child.parent = parent
  parent?.children.push(child)
}

function isAbove(box: Box, below: Box): boolean {
  return box === below || box.children.some((child) => isAbove(child, below))
}

/** Step 3 for a set of siblings. */
function prune(boxes: Box[], atTop: boolean): Box[] {
  return boxes.flatMap((box) => {
    box.children = prune(box.children, false)
    if (box.message) return [box]
    return !atTop || box.children.length < 2 ? box.children : [box]
  })
}

function key(box: Box): ThreadMessage {
  return box.message ?? [...box.children].sort((a, b) => sentDate(key(a), key(b)))[0]!.message!
}

function sort(boxes: Box[]): Box[] {
  for (const box of boxes) box.children = sort(box.children)
  return boxes.sort((a, b) => sentDate(key(a), key(b)))
}

/** REFERENCES as RFC 5256 §3 words it, step by step, with recursion and slow: to compare with. */
export function naiveReferences(messages: readonly ThreadMessage[]): Thread[] {
  const boxes = messages.map((message): Box => ({message, parent: undefined, children: []}))
  const all = [...boxes]
  const byId = new Map<string, Box>()
  boxes.forEach((box) => {
    const id = box.message!.messageId
    if (id !== undefined && !byId.has(id)) byId.set(id, box)
  })
  for (const box of boxes) {
    const line = box.message!.references.map((id) => {
      const known = byId.get(id) ?? {message: undefined, parent: undefined, children: []}
      if (!byId.has(id)) all.push(known)
      byId.set(id, known)
      return known
    })
    line.forEach((child, i) => {
      const parent = line[i - 1]
      if (parent && !child.parent && !isAbove(child, parent)) move(child, parent)
    })
    move(box, undefined)
    const last = line.at(-1)
    if (last && !isAbove(box, last)) move(box, last)
  }
  let root = sort(
    prune(
      all.filter(({parent}) => !parent),
      true,
    ),
  )
  const table = new Map<string, Box>()
  for (const box of root) {
    const {subject} = key(box)
    if (subject === '') continue
    const before = table.get(subject)
    if (!before) table.set(subject, box)
    else if (before.message && (!box.message || (before.message.isReply && !box.message.isReply))) table.set(subject, box)
  }
  for (const box of [...root]) {
    const {subject} = key(box)
    const chosen = table.get(subject)
    if (subject === '' || !chosen || chosen === box) continue
    root = root.filter((each) => each !== box)
    if (!chosen.message && !box.message) chosen.children.push(...box.children)
    else if (!chosen.message) chosen.children.push(box)
    else if (box.message?.isReply && !chosen.message.isReply) chosen.children.push(box)
    else {
      const dummy: Box = {message: undefined, parent: undefined, children: [box, chosen]}
      root = [...root.filter((each) => each !== chosen), dummy]
      table.set(subject, dummy)
    }
  }
  const plain = (box: Box): Thread => ({number: box.message?.number, children: box.children.map(plain)})
  return sort(root).map(plain)
}
