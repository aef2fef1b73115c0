import type {View} from '../../maildir/types.js'
import {TIMES} from '../../wire/limits.js'
import {badSyntax, replyForError} from '../faults.js'
import {ok, type Reply} from '../replies/tagged.js'
import type {Session} from '../session.js'
import {writeUpdates} from '../updates.js'
import {defineVerb} from '../verb.js'

/** A bell that is rung by changes and listened to by one loop; rings while nobody listens are kept as one. */
class Bell {
  #rung = true
  #wake: (() => void) | undefined

  readonly ring = (): void => {
    this.#rung = true
    this.#wake?.()
  }

  /** Answers at the next ring. */
  async wait(): Promise<void> {
    while (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#rung = false
  }
}

/**
 * Tells changes as they come, until `stop.stopped`. A client that reads slowly gets them merged: the view keeps only
 * the sum. What can be expected to fail is told when the client ends IDLE and the mailbox is looked at for the last time.
 */
async function tellChanges(session: Session, view: View, bell: Bell, stop: {stopped: boolean}): Promise<void> {
  try {
    for (;;) {
      await bell.wait()
      if (stop.stopped) return
      await view.refresh()
      if (stop.stopped) return
      await writeUpdates(session, view, {expunges: true})
      await session.out.flush()
    }
  } catch (error) {
    if (!replyForError(error)) throw error
  }
}

/** What the client's line, or its end, means. */
function answer(line: Buffer | undefined): Reply {
  const done = line !== undefined && /^[ \t]*DONE[ \t]*$/i.test(line.toString('latin1'))
  return done ? ok('IDLE completed') : badSyntax({message: 'Expected DONE'})
}

async function idleIn(session: Session, view: View): Promise<Buffer | undefined> {
  const bell = new Bell()
  const stop = {stopped: false}
  const unwatch = view.watch(bell.ring)
  const telling = tellChanges(session, view, bell, stop)
  const failed = new Promise<never>((_, reject) => {
    telling.catch(reject)
  })
  try {
    return await Promise.race([session.readLine({withinMs: TIMES.idleMs}), failed])
  } finally {
    stop.stopped = true
    unwatch()
    bell.ring()
    await telling
  }
}

/** IDLE: tells news at once until the client says DONE (RFC 2177 §3). Without a mailbox it just waits. */
export const idle = defineVerb({
  name: 'IDLE',
  state: 'authenticated',
  capability: ['IDLE'],
  read: (line) => line.end(),
  async run({session}) {
    session.out.line('+ entering idle mode')
    await session.out.flush()
    const {view} = session
    const line = view ? await idleIn(session, view) : await session.readLine({withinMs: TIMES.idleMs})
    await view?.refresh()
    return answer(line)
  },
})
