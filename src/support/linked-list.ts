/** A member's place in a list, for whoever put it there. */
export interface Place {
  /** Takes the member out; false: it has been already. */
  leave(): boolean
}

class Node<T> implements Place {
  value: T | undefined
  previous: Node<T> | undefined
  next: Node<T> | undefined
  #list: LinkedList<T> | undefined

  constructor(list: LinkedList<T>, value: T) {
    this.#list = list
    this.value = value
  }

  leave(): boolean {
    const list = this.#list
    if (!list) return false
    list.unlink(this)
    this.#list = this.value = undefined
    return true
  }
}

/**
 * Members that come and go, the oldest first.
 *
 * For what each connection joins and leaves, instead of a `Set` or `Map`: V8 links every table that one of those has outgrown to the
 * table that took its place, with all that was in it then. As soon as one of them has grown old, none after it is freed before the next full
 * collection, and whatever passes through is kept until then, and copied twice. A place that was left holds nothing.
 */
export class LinkedList<T> {
  #first: Node<T> | undefined
  #last: Node<T> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The oldest member. */
  get first(): T | undefined {
    return this.#first?.value
  }

  /** Adds a member at the end, also one that is in it already. */
  add(value: T): Place {
    const node = new Node(this, value)
    node.previous = this.#last
    if (this.#last) this.#last.next = node
    else this.#first = node
    this.#last = node
    this.#size += 1
    return node
  }

  /** For places. */
  unlink(node: Node<T>): void {
    const {previous, next} = node
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    node.previous = node.next = undefined
    this.#size -= 1
  }

  /** Takes the oldest member out. */
  shift(): T | undefined {
    const {first} = this
    this.#first?.leave()
    return first
  }

  /** The oldest first. Nobody may come or go meanwhile: `[...list]` are those of now. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let node = this.#first; node; node = node.next) yield node.value as T
  }
}
