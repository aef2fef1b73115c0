import type {View} from '../../maildir/types.js'
import {TIMES} from '../../wire/limits.js'
import {badSyntax, replyForError} from '../faults.js'
import {ok, type Reply} from '../replies/tagged.js'
import type {Session} from '../session.js'
import {writeUpdates} from '../updates.js'
import {defineVerb} from '../verb.js'

/** Between two tellings lies at least this: twice as long each time while the changes go on, from the first to the second. */
const TOGETHER_MS = 10
const TOGETHER_LONGEST_MS = 40

/**
 * Tells changes as they come, until it is stopped. A client that reads slowly gets them merged: the view keeps only the sum. What can
 * be expected to fail is told when the client ends IDLE and the mailbox is looked at for the last time.
 *
 * Nothing runs while nothing changes: most sessions spend most of their time here.
 */
class Teller {
  readonly #session: Session
  readonly #view: View
  readonly #failed: (reason: unknown) => void
  readonly #unwatch: () => void
  #telling: Promise<void> | undefined
  #changed = false
  #looked = false
  #restsUntilMs = 0
  #restMs = TOGETHER_MS
  #wake: (() => void) | undefined
  #stopped = false

  /** `failed`: the session cannot go on. */
  constructor(session: Session, view: View, failed: (reason: unknown) => void) {
    this.#session = session
    this.#view = view
    this.#failed = failed
    this.#unwatch = view.watch(() => this.#change())
    this.#change()
  }

  #change(): void {
    this.#changed = true
    this.#telling ??= this.#tell()
  }

  async #tell(): Promise<void> {
    try {
      while (this.#changed && !this.#stopped) {
        await this.#rest()
        this.#changed = false
        await this.#look()
        if (this.#stopped) break
        await writeUpdates(this.#session, this.#view, {expunges: true})
        await this.#session.out.flush()
      }
    } catch (error) {
      if (!replyForError(error)) this.#failed(error)
    } finally {
      this.#telling = undefined
    }
  }

  /** During a storm of changes what comes within a moment is told together. */
  async #rest(): Promise<void> {
    const now = performance.now()
    const waitMs = this.#restsUntilMs - now
    this.#restMs = waitMs > 0 ? Math.min(this.#restMs * 2, TOGETHER_LONGEST_MS) : TOGETHER_MS
    this.#restsUntilMs = Math.max(now, this.#restsUntilMs) + this.#restMs
    if (waitMs <= 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }

  /** Once at the disk; later the folder itself tells what it has found. */
  async #look(): Promise<void> {
    if (this.#looked) this.#view.checkThere()
    else await this.#view.refresh()
    this.#looked = true
  }

  /** Ends it; nothing is written afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake?.()
    this.#unwatch()
    await this.#telling
  }
}

/** What the client's line, or its end, means. */
function answer(line: Buffer | undefined): Reply {
  const done = line !== undefined && /^[ \t]*DONE[ \t]*$/i.test(line.toString('latin1'))
  return done ? ok('IDLE completed') : badSyntax({message: 'Expected DONE'})
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
    let line: Buffer | undefined
    let teller: Teller | undefined
    // Here and not in a function of its own: each that waits costs half a KiB, for as long as the session idles.
    try {
      line = await new Promise((resolve, reject) => {
        if (view) teller = new Teller(session, view, reject)
        session.readLine({withinMs: TIMES.idleMs}).then(resolve, reject)
      })
    } finally {
      await teller?.stop()
    }
    await view?.refresh()
    return answer(line)
  },
})
