import {FLAG, type MessageNumber} from '../../maildir/types.js'
import {Fault} from '../../support/fault.js'
import {writeFlags} from '../replies/flags.js'
import type {SelectedContext} from '../session.js'
import type {Source} from './section-writer.js'

/** Messages and octets after which \Seen is written: few renames at a time, and none long after the text was sent. */
const DUE_MESSAGES = 64
const DUE_OCTETS = 1024 * 1024

/**
 * Sets \Seen on messages whose text was sent, in groups, and tells the new flags (RFC 3501 §6.4.5, `spec/imap.md` §13.2).
 *
 * Courier: sends the flags of each message right after its text; here they follow a group of messages.
 */
export class SeenMarker {
  readonly #context: SelectedContext
  readonly #uid: boolean
  #numbers: MessageNumber[] = []
  #octets = 0

  constructor(context: SelectedContext, {uid}: {readonly uid: boolean}) {
    this.#context = context
    this.#uid = uid
  }

  /** The text of a message was sent. */
  add(number: MessageNumber, {opened}: Source): void {
    if ((this.#context.view.flagsOf(number) & FLAG.seen) !== 0) return
    this.#numbers.push(number)
    this.#octets += opened?.storedBytes ?? 0
  }

  get due(): boolean {
    return this.#numbers.length >= DUE_MESSAGES || this.#octets >= DUE_OCTETS
  }

  /** Sets the flag on disk and tells. */
  async mark(): Promise<void> {
    const {session, view} = this.#context
    const numbers = this.#numbers
    if (numbers.length === 0) return
    this.#numbers = []
    this.#octets = 0
    try {
      await view.store(numbers, {mode: 'add', flags: FLAG.seen, keywords: []})
    } catch (error) {
      // Courier: a flag that cannot be written does not keep anybody from reading.
      if (error instanceof Fault) return
      throw error
    }
    const eightBit = session.utf8 ? new Set<MessageNumber>() : await this.#eightBit(numbers)
    for (const number of numbers) {
      if (eightBit.has(number)) session.out.line(unicodeAlert(number))
      // Courier: leaves the UID out after UID FETCH too; RFC 3501 §6.4.8 wants it in every FETCH caused by a UID command.
      if ((view.flagsOf(number) & FLAG.seen) !== 0) writeFlags(session.out, view, number, {uid: this.#uid})
    }
    if (session.out.full) await session.out.flush()
  }

  /** Messages whose header is not ASCII. */
  async #eightBit(numbers: readonly MessageNumber[]): Promise<Set<MessageNumber>> {
    const found = new Set<MessageNumber>()
    for await (const batch of this.#context.view.metadata(numbers, 'header')) {
      for (const {number, metadata} of batch) {
        if (metadata && /[\x80-\xff]/.test(metadata.header)) found.add(number)
      }
    }
    return found
  }
}

/** Tells users of old clients why a message looks odd (`spec/imap.md` §13.2). */
function unicodeAlert(number: MessageNumber): string {
  return `* OK [ALERT] Message ${number} appears to be a Unicode message and your E-mail reader did not enable Unicode support. Please use an E-mail reader that supports IMAP with UTF-8 (see https://datatracker.ietf.org/doc/html/rfc6855)`
}
