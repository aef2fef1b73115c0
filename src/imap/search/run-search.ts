import type {FlagBits, MessageMetadata, MessageNumber, MetadataEntry, OpenMessage, Stretch} from '../../maildir/types.js'
import {LocalTime} from '../../message/date.js'
import {parseOutline} from '../../message/parse-structure.js'
import {readAsync, readWith} from '../../message/reading.js'
import {needleOf, needleOfText} from '../../message/search-needle.js'
import {searchBody, searchText} from '../../message/search-text.js'
import type {Part} from '../../message/structure.js'
import {Fault} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import type {SelectedContext} from '../session.js'
import type {SearchKey} from './keys.js'
import {type BodyNeedle, compileSearch, judge, judgeAtOnce, judgeFlags, type Program, STAGES, type Subject} from './program.js'

/** Messages between two looks at the clock, where each takes next to no time. */
const STRIDE = 256

/** What flags say of a message. */
const VERDICT = {unasked: 0, no: 1, yes: 2, open: 3} as const
/** Sets of flags. */
const FLAG_SETS = 256

/**
 * Numbers of the messages that match, ascending.
 *
 * Keys are tried from cheap to dear: what flags and numbers have decided needs no metadata, and only what nothing else
 * has decided is read.
 *
 * @throws the reason of the session's signal
 */
export async function searchMessages(context: SelectedContext, key: SearchKey, charset: string | undefined): Promise<MessageNumber[]> {
  const localTime = new LocalTime()
  const needle = (octets: string) => needleOf(octets, charset) ?? needleOfText(octets)
  const program = compileSearch(key, context.view, {needle, localTime})
  const verdict = judgeAtOnce(program.root, context.view)
  if (verdict === undefined) return await new SearchRun(context, program).run()
  return verdict ? numbersUpTo(context.view.size) : []
}

function numbersUpTo(last: number): MessageNumber[] {
  const numbers: MessageNumber[] = []
  for (let number = 1; number <= last; number += 1) numbers.push(number as MessageNumber)
  return numbers
}

/** What the columns of a program say, by column and message number. */
type KnownValues = readonly (readonly unknown[])[]

/** A message without its body. */
class KnownSubject implements Subject {
  readonly number: MessageNumber
  readonly metadata: MessageMetadata | undefined
  readonly #known: KnownValues

  constructor({number, metadata}: MetadataEntry, known: KnownValues) {
    this.number = number
    this.metadata = metadata
    this.#known = known
  }

  valueOf(column: number): unknown {
    return this.#known[column]?.[this.number]
  }

  get header(): string {
    return this.metadata?.header ?? ''
  }

  bodyHolds(_index: number): boolean {
    return false
  }
}

/** A message whose body was searched. */
class SearchedSubject extends KnownSubject {
  readonly #answers: readonly boolean[]

  constructor(entry: MetadataEntry, known: KnownValues, answers: readonly boolean[]) {
    super(entry, known)
    this.#answers = answers
  }

  override bodyHolds(index: number): boolean {
    return this.#answers[index] === true
  }
}

/**
 * A message that is at hand whole. Its outline takes no longer to be parsed than to be read from the index, so that is
 * neither asked nor filled.
 */
class WholeSubject implements Subject {
  readonly number: MessageNumber
  readonly metadata = undefined
  readonly #whole: Buffer
  readonly #known: KnownValues
  readonly #needles: readonly BodyNeedle[]
  readonly #answers: (boolean | undefined)[] = []
  #parsed: Part | undefined

  constructor(number: MessageNumber, whole: Buffer, known: KnownValues, needles: readonly BodyNeedle[]) {
    this.number = number
    this.#whole = whole
    this.#known = known
    this.#needles = needles
  }

  valueOf(column: number): unknown {
    return this.#known[column]?.[this.number]
  }

  get header(): string {
    return this.#whole.toString('latin1', 0, this.#outline.header.end)
  }

  bodyHolds(index: number): boolean {
    const read = (start: number, end: number) => this.#whole.subarray(start, end)
    const answer = this.#answers[index] ?? readWith(searchNeedle(this.#outline, this.#needles[index] as BodyNeedle), read)
    this.#answers[index] = answer
    return answer
  }

  get #outline(): Part {
    this.#parsed ??= parseOutline(this.#whole)
    return this.#parsed
  }
}

function searchNeedle(root: Part, {needle, inHeaders}: BodyNeedle) {
  return inHeaders ? searchText(root, needle) : searchBody(root, needle)
}

/** Values of messages by the messages' numbers, all below `end`. */
function byNumber(values: readonly unknown[], numbers: readonly MessageNumber[], end: number): unknown[] {
  const known = new Array<unknown>(end)
  for (let at = 0; at < numbers.length; at += 1) known[numbers[at] ?? 0] = values[at]
  return known
}

/** One search while it runs. */
class SearchRun {
  readonly #context: SelectedContext
  readonly #program: Program
  readonly #pace: Pace
  /** One octet for each message: 1 when it matches. */
  readonly #matches: Uint8Array
  /** How many match. */
  #found = 0
  /** Of the columns that were asked for so far. */
  readonly #known: unknown[][]
  /** By set of flags. */
  readonly #verdicts = new Uint8Array(FLAG_SETS)

  constructor(context: SelectedContext, program: Program) {
    this.#context = context
    this.#program = program
    this.#pace = new Pace(context.session.signal)
    this.#matches = new Uint8Array(context.view.size + 1)
    this.#known = program.columns.map(() => [])
  }

  async run(): Promise<MessageNumber[]> {
    let undecided = await this.#judgeByView()
    for (const stage of this.#program.stages) {
      if (stage > 0 && undecided.length > 0) undecided = await this.#judge(undecided, stage)
    }
    const numbers: MessageNumber[] = []
    const {length} = this.#matches
    for (let number = 1; number < length && numbers.length < this.#found; number++)
      if (this.#matches[number] === 1) numbers.push(number as MessageNumber)
    return numbers
  }

  /** Notes the verdict on a message; true when it is still open. */
  #isOpen(subject: Subject, stage: number): boolean {
    const verdict = judge(this.#program.root, subject, stage)
    if (verdict === true) {
      this.#matches[subject.number] = 1
      this.#found += 1
    }
    return verdict === undefined
  }

  /** Flags that all messages of a stretch have, or none of them, decide at once, and mostly those of each. */
  async #judgeByView(): Promise<MessageNumber[]> {
    const undecided: MessageNumber[] = []
    let next = 1
    for (const stretch of this.#context.view.stretches()) {
      const {first, size} = stretch
      if (next < first) await this.#judgeEach({first: next, end: first}, undecided)
      next = first + size
      const verdict = judgeAtOnce(this.#program.root, stretch)
      if (verdict === undefined) this.#judgeByFlags(stretch, undecided)
      else if (verdict) {
        this.#matches.fill(1, first, next)
        this.#found += size
      }
      if (this.#pace.due) await this.#pace.pause()
    }
    await this.#judgeEach({first: next, end: this.#matches.length}, undecided)
    return undecided
  }

  #judgeByFlags({first, flags}: Stretch, undecided: MessageNumber[]): void {
    for (let at = 0; at < flags.length; at++) {
      const verdict = this.#verdicts[flags[at] ?? 0] || this.#verdictOn(flags[at] ?? 0)
      if (verdict === VERDICT.no) continue
      if (verdict === VERDICT.yes) {
        this.#matches[first + at] = 1
        this.#found += 1
        continue
      }
      const subject = new KnownSubject({number: (first + at) as MessageNumber, metadata: undefined}, this.#known)
      if (this.#isOpen(subject, 0)) undecided.push(subject.number)
    }
  }

  /** Asked once for each set of flags: there are few. */
  #verdictOn(flags: FlagBits): number {
    const holds = judgeFlags(this.#program.root, flags)
    const verdict = holds === undefined ? VERDICT.open : holds ? VERDICT.yes : VERDICT.no
    this.#verdicts[flags] = verdict
    return verdict
  }

  async #judgeEach({first, end}: {readonly first: number; readonly end: number}, undecided: MessageNumber[]): Promise<void> {
    for (let number = first; number < end; number++) {
      const subject = new KnownSubject({number: number as MessageNumber, metadata: undefined}, this.#known)
      if (this.#isOpen(subject, 0)) undecided.push(subject.number)
      if (number % STRIDE === 0 && this.#pace.due) await this.#pace.pause()
    }
  }

  #judge(undecided: readonly MessageNumber[], stage: number): Promise<MessageNumber[]> {
    const name = STAGES[stage] ?? 'body'
    if (name === 'body') return this.#judgeByFiles(undecided, stage)
    if (name === 'header') return this.#judgeByHeaders(undecided, stage)
    return this.#judgeByColumns(undecided, stage)
  }

  async #judgeByColumns(numbers: readonly MessageNumber[], stage: number): Promise<MessageNumber[]> {
    for (const [place, {column, stage: needed}] of this.#program.columns.entries()) {
      if (needed !== stage) continue
      const {values} = await this.#context.view.values(column, numbers)
      this.#known[place] = byNumber(values, numbers, this.#matches.length)
    }
    const undecided: MessageNumber[] = []
    for (let at = 0; at < numbers.length; at += STRIDE) {
      this.#judgeKnown(numbers.slice(at, at + STRIDE), stage, undecided)
      if (this.#pace.due) await this.#pace.pause()
    }
    return undecided
  }

  /** Messages of which all that the stage needs is known. */
  #judgeKnown(numbers: readonly MessageNumber[], stage: number, undecided: MessageNumber[]): void {
    for (const number of numbers) {
      const subject = new KnownSubject({number, metadata: undefined}, this.#known)
      if (this.#isOpen(subject, stage)) undecided.push(number)
    }
  }

  async #judgeByHeaders(numbers: readonly MessageNumber[], stage: number): Promise<MessageNumber[]> {
    const undecided: MessageNumber[] = []
    for await (const batch of this.#context.view.metadata(numbers, 'header')) {
      for (const entry of batch) {
        if (this.#isOpen(new KnownSubject(entry, this.#known), stage)) undecided.push(entry.number)
        if (this.#pace.due) await this.#pace.pause()
      }
    }
    return undecided
  }

  async #judgeByFiles(numbers: readonly MessageNumber[], stage: number): Promise<MessageNumber[]> {
    const undecided: MessageNumber[] = []
    for (const number of numbers) {
      const opening = this.#open(number)
      using opened = opening instanceof Promise ? await opening : opening
      const subject = opened?.whole
        ? new WholeSubject(number, opened.whole, this.#known, this.#program.needles)
        : await this.#searched(number, opened)
      if (this.#isOpen(subject, stage)) undecided.push(number)
      if (this.#pace.due) await this.#pace.pause()
    }
    return undecided
  }

  /** A message that is too large to be held whole, or gone. */
  async #searched(number: MessageNumber, opened: OpenMessage | undefined): Promise<Subject> {
    const gone = new KnownSubject({number, metadata: undefined}, [])
    if (!opened) return gone
    for await (const [entry] of this.#context.view.metadata([number], 'structure')) {
      if (!entry?.metadata) break
      const answers: boolean[] = []
      for (const needle of this.#program.needles) {
        const reading = searchNeedle(entry.metadata.structure, needle)
        answers.push(await readAsync(reading, (start, end) => this.#readPiece(opened, start, end)))
      }
      return new SearchedSubject(entry, this.#known, answers)
    }
    return gone
  }

  async #readPiece(opened: OpenMessage, start: number, end: number): Promise<Buffer> {
    if (this.#pace.due) await this.#pace.pause()
    return await opened.read(start, end)
  }

  /** A file that cannot be read matches nothing, as one that is gone; the others are searched all the same. */
  #open(number: MessageNumber): OpenMessage | undefined | Promise<OpenMessage | undefined> {
    try {
      const opening = this.#context.view.open(number)
      return opening instanceof Promise ? opening.catch((error: unknown) => this.#unreadable(error)) : opening
    } catch (error) {
      return this.#unreadable(error)
    }
  }

  #unreadable(error: unknown): undefined {
    if (!(error instanceof Fault)) throw error
    this.#context.session.log.warning('imap.search-unreadable', {reason: error.message})
  }
}
