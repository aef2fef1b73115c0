import type {Delivery} from '../../maildir/types.js'
import {parseDateTime} from '../../message/date.js'
import {StructureParser} from '../../message/parse-structure.js'
import type {Part} from '../../message/structure.js'
import {BadSyntax} from '../../support/fault.js'
import {withReplies} from '../faults.js'
import type {Cursor} from '../grammar/cursor.js'
import type {FlagArgument} from '../grammar/flags.js'
import type {IncomingLiteral} from '../incoming-literal.js'
import {folderOf} from '../mailbox-argument.js'
import type {MailboxName} from '../mailbox-name.js'
import {no, ok, repeated} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

interface AppendArguments extends FlagArgument {
  readonly mailbox: MailboxName
  readonly internalDateMs: number | undefined
  readonly message: IncomingLiteral
  /** `UTF8 (~{n}…)` (RFC 6855 §4). */
  readonly utf8Form: boolean
}

const NO_FLAGS: FlagArgument = {flags: 0, keywords: []}

/** A list and a space, or nothing. Courier: NIL is nothing too. */
function readFlags(line: Cursor): FlagArgument {
  if (line.nil()) line.space()
  if (line.peek() !== '(') return NO_FLAGS
  const flags = line.flagList()
  line.space()
  return flags
}

function readDate(line: Cursor): number | undefined {
  if (line.nil()) line.space()
  if (line.peek() !== '"') return undefined
  const mark = line.mark()
  const date = parseDateTime(line.string())
  if (!date) {
    line.back(mark)
    throw line.expected('a date and time')
  }
  line.space()
  // Courier: a date of time 0 counts as none.
  return date.epoch === 0 ? undefined : date.epoch * 1000
}

function readMessage(line: Cursor): Pick<AppendArguments, 'message' | 'utf8Form'> {
  const utf8Form = line.peek().toUpperCase() === 'U'
  if (utf8Form) {
    if (line.word() !== 'UTF8') throw line.expected('a message as a literal')
    line.space().skip('(')
  }
  const message = line.message()
  if (message.binary !== utf8Form) throw line.expected(utf8Form ? 'a literal8' : 'a literal')
  return {message, utf8Form}
}

/** Reads what stands before the message. */
function readArguments(line: Cursor): AppendArguments {
  const mailbox = line.space().mailbox()
  line.space()
  const flags = readFlags(line)
  const internalDateMs = readDate(line)
  return {mailbox, internalDateMs, ...flags, ...readMessage(line)}
}

function holdsHeader8bit(part: Part): boolean {
  return part.header8bit || part.children.some(holdsHeader8bit) || (part.message !== undefined && holdsHeader8bit(part.message))
}

/** Passes the message on; true when a header of it holds octets above 0x7F. @throws {BadSyntax} the command does not end after it */
async function receive({message, utf8Form}: AppendArguments, delivery: Delivery): Promise<boolean> {
  const parser = utf8Form ? undefined : new StructureParser()
  for await (const chunk of message.chunks()) {
    parser?.push(chunk)
    await delivery.write(chunk)
  }
  const rest = await message.rest()
  if (!(utf8Form ? /^[ \t]*\)[ \t]*$/ : /^[ \t]*$/).test(rest)) throw new BadSyntax('Expected the end of the command after the message')
  return parser !== undefined && holdsHeader8bit(parser.end())
}

const UNICODE_ALERT =
  '* OK [ALERT] Your IMAP client does not appear to correctly implement Unicode messages, see https://datatracker.ietf.org/doc/html/rfc6855'

/**
 * APPEND: adds a message to the end of a mailbox (RFC 3501 §6.3.11) and tells its UID (RFC 4315 §3).
 *
 * All refusals come instead of the `+`, before the client sends the message; the message is never held in memory.
 *
 * Courier: NUL octets in the message are stored and come back as they were sent, although RFC 3501 §4.3.1 wants none in a literal
 * without `~`: mail that was delivered has them as well, and a client that moves such a message would lose it.
 */
export const append = defineVerb({
  name: 'APPEND',
  state: 'authenticated',
  takesMessage: true,
  read: readArguments,
  run({session, store}, args) {
    const {mailbox, flags, keywords, internalDateMs} = args
    const failed = no('Cannot create message - no write permission or out of disk space.', 'ALERT')
    const replies = {
      'no-such-mailbox': no('Must create mailbox before append', 'TRYCREATE'),
      'invalid-name': no('Invalid mailbox name.', 'CANNOT'),
      'no-access': no(`Access denied for APPEND on ${repeated(mailbox.wire)} (ACL "i" required)`, 'NOPERM'),
      'no-space': failed,
      'io-error': failed,
    }
    return withReplies(replies, async () => {
      if (mailbox.decoded === undefined) return replies['invalid-name']
      const folder = folderOf(mailbox)
      const selected = session.view?.name === folder ? session.view : undefined
      if (selected?.readOnly) return no('Current box is selected READ-ONLY.')
      const delivery = await store.deliver(folder, {flags, keywords, internalDateMs})
      let header8bit: boolean
      try {
        header8bit = await receive(args, delivery)
      } catch (error) {
        await delivery.abort()
        throw error
      }
      const {uidValidity, uid} = await delivery.finish()
      if (header8bit) session.out.line(UNICODE_ALERT)
      return ok('APPEND Ok.', `APPENDUID ${uidValidity} ${uid}`)
    })
  },
})
