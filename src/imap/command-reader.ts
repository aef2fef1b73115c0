import {BadSyntax, Hangup} from '../support/fault.js'
import type {Channel} from '../wire/channel.js'
import {LIMITS, TIMES} from '../wire/limits.js'
import {Cursor, type CursorOptions, LiteralNeeded, type Mark, type Piece} from './grammar/cursor.js'
import {type Announcement, findAnnouncement, IncomingLiteral} from './incoming-literal.js'
import type {AnyVerb, VerbForm} from './verb.js'

/** A command that can run. */
export interface Command {
  readonly tag: string
  readonly verb: AnyVerb
  readonly form: VerbForm
  readonly args: unknown
  /** Its message, not read yet (APPEND). */
  readonly incoming: IncomingLiteral | undefined
}

/** A command that cannot be read; nothing of it is left in the stream. */
export interface BrokenCommand {
  readonly tag: string
  readonly error: BadSyntax
}

export interface CommandReaderOptions {
  readonly channel: Channel
  /** Finds what a name means now; throws `BadSyntax` when that is nothing or the state is wrong. */
  readonly find: (name: string, form: VerbForm) => AnyVerb
  readonly cursor: CursorOptions
  readonly authenticated: boolean
  /** Sends `+`. */
  readonly invite: () => Promise<void>
}

interface Bounds {
  readonly line: number
  readonly literal: number
  readonly command: number
}

const BEFORE: Bounds = {line: LIMITS.lineBeforeLogin, literal: LIMITS.literalBeforeLogin, command: LIMITS.commandBeforeLogin}
const AFTER: Bounds = {line: LIMITS.lineAfterLogin, literal: LIMITS.literalAfterLogin, command: LIMITS.commandAfterLogin}

/** A command while its pieces come in. */
interface Draft {
  tag: string
  pieces: Piece[]
  octets: number
  error: BadSyntax | undefined
  head: Head | undefined
}

/** What a command is, before its arguments. */
interface Head {
  readonly verb: AnyVerb
  readonly form: VerbForm
  /** Where the arguments begin. */
  readonly after: Mark
}

/**
 * Reads the next command with all its literals (RFC 3501 §2.2.1), before anything judges it: whatever is wrong, the
 * stream stands before the next command afterwards. A literal that the client offers to an argument that cannot be
 * right is refused instead of asked for; one that comes without asking (RFC 7888) is read and thrown away.
 *
 * @returns undefined at the end of the input
 * @throws {Hangup}
 */
export async function readCommand(options: CommandReaderOptions): Promise<Command | BrokenCommand | undefined> {
  const {channel, authenticated} = options
  const bounds = authenticated ? AFTER : BEFORE
  const line = await channel.readLine(bounds.line, {withinMs: TIMES.idleMs})
  if (!line) return undefined
  const draft: Draft = {tag: '*', pieces: [], octets: line.bytes.length, error: undefined, head: undefined}
  let text = line.bytes.toString('latin1')
  readHead(draft, text, options)
  let {cut} = line
  if (cut) text = tooLong(draft, line.tail)
  for (;;) {
    const found = findAnnouncement(text, {cut})
    draft.pieces.push({text: found ? text.slice(0, found.at) : text})
    if (!found) return finished(draft, options)
    const incoming = new IncomingLiteral(found.announcement, {channel, maxLineOctets: bounds.line, invite: options.invite})
    const command = asMessage(draft, incoming, options)
    if (command) return command
    check(draft, found.announcement, bounds)
    if (draft.error) {
      await incoming.discard()
      return {tag: draft.tag, error: draft.error}
    }
    draft.pieces.push({literal: await incoming.whole(), binary: incoming.binary})
    const next = await channel.readLine(bounds.line, {withinMs: TIMES.commandMs})
    if (!next) throw new Hangup('closed')
    draft.octets += incoming.size + next.bytes.length
    cut = next.cut
    text = cut ? tooLong(draft, next.tail) : next.bytes.toString('latin1')
  }
}

function tooLong(draft: Draft, tail: Buffer): string {
  draft.error ??= new BadSyntax('IMAP command too long')
  return tail.toString('latin1')
}

/** Finds tag and verb; what is wrong with them is kept for the end. */
function readHead(draft: Draft, text: string, {find, cursor}: CommandReaderOptions): void {
  try {
    const line = new Cursor([{text}], cursor)
    draft.tag = tagOf(line)
    draft.head = headOf(line, find)
  } catch (error) {
    if (!(error instanceof BadSyntax)) throw error
    draft.error = error
  }
}

function tagOf(line: Cursor): string {
  const mark = line.mark()
  const tag = line.tag()
  if (tag !== '+') return tag
  line.back(mark)
  throw line.expected('a tag')
}

/** Verb and form; moves behind them. */
function headOf(line: Cursor, find: CommandReaderOptions['find']): Head {
  const name = line.space().word('a command')
  const uid = name === 'UID'
  const verb = find(uid ? line.space().word('a command') : name, {uid})
  return {verb, form: {uid}, after: line.mark()}
}

/** The command whose last argument this literal is, if it is that. Other findings are left in the draft. */
function asMessage(draft: Draft, incoming: IncomingLiteral, options: CommandReaderOptions): Command | undefined {
  if (draft.error || !draft.head?.verb.takesMessage) return undefined
  try {
    const args = readArguments([...draft.pieces, {incoming}], draft.head, options)
    const {verb, form} = draft.head
    return {tag: draft.tag, verb, form, args, incoming}
  } catch (error) {
    if (error instanceof BadSyntax) draft.error = error
    else if (!(error instanceof LiteralNeeded)) throw error
    return undefined
  }
}

function check(draft: Draft, {size}: Announcement, bounds: Bounds): void {
  if (size > bounds.literal || draft.octets + size > bounds.command) draft.error ??= new BadSyntax('IMAP command too long')
}

function finished(draft: Draft, options: CommandReaderOptions): Command | BrokenCommand {
  const {tag, head, pieces} = draft
  if (draft.error || !head) return {tag, error: draft.error ?? new BadSyntax('Expected a command')}
  try {
    return {tag, verb: head.verb, form: head.form, args: readArguments(pieces, head, options), incoming: undefined}
  } catch (error) {
    if (error instanceof BadSyntax) return {tag, error}
    throw error
  }
}

function readArguments(pieces: readonly Piece[], {verb, form, after}: Head, {cursor}: CommandReaderOptions): unknown {
  const line = new Cursor(pieces, cursor)
  line.back(after)
  return verb.read(line, form)
}
