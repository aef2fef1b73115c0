import {finish, STRIDE, type Steps, sortSteps} from '../support/steps.js'

/** A message as THREAD sees it. */
export interface ThreadMessage {
  /** Message number or UID: what is told to the client; orders messages of one date. */
  readonly number: number
  /** Base subject (RFC 5256 §2.1). */
  readonly subject: string
  readonly isReply: boolean
  /** Sent date in epoch seconds, arrival if there is none (RFC 5256 §2.2). */
  readonly sentEpoch: number
  /** Normalised (`messageIdOf`); undefined if missing or not exactly one. */
  readonly messageId: string | undefined
  /** Normalised, oldest first (`referencesOf`). */
  readonly references: readonly string[]
}

/** A message and its answers; without a number it is a dummy that holds its children together (top level only). */
export interface Thread {
  readonly number: number | undefined
  readonly children: readonly Thread[]
}

/** Orders by sent date, then by number (RFC 5256 §2.2). */
export function bySentDate(a: ThreadMessage, b: ThreadMessage): number {
  return a.sentEpoch - b.sentEpoch || a.number - b.number
}

/**
 * What THREAD sends: `(1 (3)(2 8))((4)(5))` (RFC 5256 §5, `thread-list`); with `names`, each message by the one at its number. No
 * recursion: chains may be as long as the mailbox.
 */
export function* formatThreadSteps(threads: readonly Thread[], names?: readonly number[]): Steps<string> {
  const pieces: string[] = []
  const stack: (Thread | string)[] = []
  pushAll(stack, threads)
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (pieces.length % STRIDE === 0) yield
    if (typeof next === 'string') {
      pieces.push(next)
      continue
    }
    if (next.number !== undefined) pieces.push(`${names?.[next.number] ?? next.number}`)
    if (next.children.length > 0 && next.number !== undefined) pieces.push(' ')
    if (next.children.length === 1) stack.push(next.children[0]!)
    else pushAll(stack, next.children)
  }
  return pieces.join('')
}

/** What is pushed last comes first. */
function pushAll(stack: (Thread | string)[], threads: readonly Thread[]): void {
  for (let i = threads.length - 1; i >= 0; i -= 1) stack.push(')', threads[i]!, '(')
}

/** The same in one go, for threads of message numbers. */
export function formatThreads(threads: readonly Thread[]): string {
  return finish(formatThreadSteps(threads))
}

/**
 * ORDEREDSUBJECT (RFC 5256 §3): messages of one base subject make a thread, by sent date; the first is the parent of all
 * others.
 *
 * Courier: sends each thread flat, `(1 3 2 8)`, the form of an early draft (`spec/imap.md` §24.2).
 */
export function* threadOrderedSubjectSteps(messages: readonly ThreadMessage[]): Steps<Thread[]> {
  const bySubject = new Map<string, ThreadMessage[]>()
  for (const [i, message] of (yield* sortSteps(messages, bySentDate)).entries()) {
    if (i % STRIDE === 0) yield
    const group = bySubject.get(message.subject)
    if (group) group.push(message)
    else bySubject.set(message.subject, [message])
  }
  // A group stands where its first message does: the map keeps that order.
  return [...bySubject.values()].map(([first, ...others]) => ({
    number: first!.number,
    children: others.map(({number}) => ({number, children: []})),
  }))
}

/** The same in one go. */
export function threadOrderedSubject(messages: readonly ThreadMessage[]): Thread[] {
  return finish(threadOrderedSubjectSteps(messages))
}
