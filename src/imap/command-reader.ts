import {BadSyntax, Hangup} from '../support/fault.js'
import type {Channel, Line} from '../wire/channel.js'
import {LIMITS, TIMES} from '../wire/limits.js'
import {Cursor, type CursorOptions, LiteralNeeded, type Mark, type Piece} from './grammar/cursor.js'
import {type Announced, type Announcement, findAnnouncement, IncomingLiteral} from './incoming-literal.js'
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
  readonly cursor: () => CursorOptions
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
  /** The first piece, read up to the arguments. */
  readonly line: Cursor
  /** Where the arguments begin. */
  readonly after: Mark
}

/** The line that a command begins with; undefined at the end of the input. @throws {Hangup} */
export function firstLine({channel, authenticated}: CommandReaderOptions): Promise<Line | undefined> {
  return channel.readLine((authenticated ? AFTER : BEFORE).line, {withinMs: TIMES.idleMs})
}

/**
 * Reads the command that begins with this line, with all its literals (RFC 3501 §2.2.1), before anything judges it: whatever
 * is wrong, the stream stands before the next command afterwards. A literal that the client offers to an argument that cannot
 * be right is refused instead of asked for; one that comes without asking (RFC 7888) is read and thrown away.
 *
 * @returns a promise when more than the line has to be read
 * @throws {Hangup}
 */
export function readCommand(
  {bytes, cut, tail}: Line,
  options: CommandReaderOptions,
): Command | BrokenCommand | Promise<Command | BrokenCommand> {
  const draft: Draft = {tag: '*', pieces: [], octets: bytes.length, error: undefined, head: undefined}
  const text = bytes.toString('latin1')
  readHead(draft, text, options)
  const end = cut ? tooLong(draft, tail) : text
  const found = findAnnouncement(end, {cut})
  if (found) return readLiterals(draft, {text: end, found}, options)
  draft.pieces.push({text: end})
  return finished(draft, options)
}

/** The rest of a command whose first line ends with a literal. */
async function readLiterals(
  draft: Draft,
  first: {readonly text: string; readonly found: Announced},
  options: CommandReaderOptions,
): Promise<Command | BrokenCommand> {
  const {channel, authenticated, invite} = options
  const bounds = authenticated ? AFTER : BEFORE
  let {text} = first
  for (let found: Announced | undefined = first.found; found; ) {
    draft.pieces.push({text: text.slice(0, found.at)})
    const incoming = new IncomingLiteral(found.announcement, {channel, maxLineOctets: bounds.line, invite})
    const command = asMessage(draft, incoming, options)
    if (command) return command
    check(draft, found.announcement, bounds)
    if (draft.error) {
      await incoming.discard()
      return {tag: draft.tag, error: draft.error}
    }
    draft.pieces.push({literal: await incoming.whole(), binary: incoming.binary})
    const {bytes, cut, tail} = await nextLine(channel, bounds)
    draft.octets += incoming.size + bytes.length
    text = cut ? tooLong(draft, tail) : bytes.toString('latin1')
    found = findAnnouncement(text, {cut})
  }
  draft.pieces.push({text})
  return finished(draft, options)
}

/** The line after a literal. @throws {Hangup} */
async function nextLine(channel: Channel, bounds: Bounds): Promise<Line> {
  const line = await channel.readLine(bounds.line, {withinMs: TIMES.commandMs})
  if (!line) throw new Hangup('closed')
  return line
}

function tooLong(draft: Draft, tail: Buffer): string {
  draft.error ??= new BadSyntax('IMAP command too long')
  return tail.toString('latin1')
}

/** Finds tag and verb; what is wrong with them is kept for the end. */
function readHead(draft: Draft, text: string, {find, cursor}: CommandReaderOptions): void {
  try {
    const line = new Cursor([{text}], cursor())
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
  return {verb, form: {uid}, line, after: line.mark()}
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
    const {verb, form, line} = head
    const args = pieces.length === 1 ? verb.read(line, form) : readArguments(pieces, head, options)
    return {tag, verb, form, args, incoming: undefined}
  } catch (error) {
    if (error instanceof BadSyntax) return {tag, error}
    throw error
  }
}

function readArguments(pieces: readonly Piece[], {verb, form, after}: Head, {cursor}: CommandReaderOptions): unknown {
  const line = new Cursor(pieces, cursor())
  line.back(after)
  return verb.read(line, form)
}
