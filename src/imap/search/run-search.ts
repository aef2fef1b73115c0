import type {MessageMetadata, MessageNumber, MetadataEntry, MetadataNeed, OpenMessage} from '../../maildir/types.js'
import {LocalTime} from '../../message/date.js'
import {readAsync, readWith} from '../../message/reading.js'
import {needleOf, needleOfText} from '../../message/search-needle.js'
import {searchBody, searchText} from '../../message/search-text.js'
import type {Part} from '../../message/structure.js'
import {Fault} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import type {SelectedContext} from '../session.js'
import type {SearchKey} from './keys.js'
import {type BodyNeedle, compileSearch, judge, type Program, STAGES, type Subject} from './program.js'

/** Messages between two looks at the clock, where each takes next to no time. */
const STRIDE = 256

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
  return await new SearchRun(context, compileSearch(key, context.view, {needle, localTime})).run()
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

/** What is known of the needles in a body, and how the rest is found. */
interface BodyAnswers {
  readonly answers: readonly boolean[]
  readonly find: (index: number) => boolean
}

/** A message with its body. */
class ReadSubject extends KnownSubject {
  readonly #answers: (boolean | undefined)[]
  readonly #find: (index: number) => boolean

  constructor(entry: MetadataEntry, known: KnownValues, {answers, find}: BodyAnswers) {
    super(entry, known)
    this.#answers = [...answers]
    this.#find = find
  }

  override bodyHolds(index: number): boolean {
    const answer = this.#answers[index] ?? this.#find(index)
    this.#answers[index] = answer
    return answer
  }
}

/** One search while it runs. */
class SearchRun {
  readonly #context: SelectedContext
  readonly #program: Program
  readonly #pace: Pace
  /** One octet for each message: 1 when it matches. */
  readonly #matches: Uint8Array
  /** Of the columns that were asked for so far. */
  readonly #known: unknown[][]

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
    for (let number = 1; number < this.#matches.length; number++) if (this.#matches[number] === 1) numbers.push(number as MessageNumber)
    return numbers
  }

  /** Notes the verdict on a message; true when it is still open. */
  #isOpen(subject: Subject, stage: number): boolean {
    const verdict = judge(this.#program.root, subject, stage)
    if (verdict === true) this.#matches[subject.number] = 1
    return verdict === undefined
  }

  async #judgeByView(): Promise<MessageNumber[]> {
    const undecided: MessageNumber[] = []
    for (let number = 1; number < this.#matches.length; number++) {
      const subject = new KnownSubject({number: number as MessageNumber, metadata: undefined}, this.#known)
      if (this.#isOpen(subject, 0)) undecided.push(subject.number)
      if (number % STRIDE === 0 && this.#pace.due) await this.#pace.pause()
    }
    return undecided
  }

  #judge(undecided: readonly MessageNumber[], stage: number): Promise<MessageNumber[]> {
    const name = STAGES[stage] ?? 'body'
    if (name === 'body') return this.#judgeByMetadata(undecided, 'structure', (entry) => this.#judgeBody(entry, stage))
    if (name === 'header')
      return this.#judgeByMetadata(undecided, 'header', (entry) => this.#isOpen(new KnownSubject(entry, this.#known), stage))
    return this.#judgeByColumns(undecided, stage)
  }

  async #judgeByColumns(numbers: readonly MessageNumber[], stage: number): Promise<MessageNumber[]> {
    for (const [place, {column, stage: needed}] of this.#program.columns.entries()) {
      if (needed !== stage) continue
      const {values} = await this.#context.view.values(column, numbers)
      const known = new Array<unknown>(this.#matches.length)
      for (const [at, number] of numbers.entries()) known[number] = values[at]
      this.#known[place] = known
    }
    const undecided: MessageNumber[] = []
    for (const [at, number] of numbers.entries()) {
      if (this.#isOpen(new KnownSubject({number, metadata: undefined}, this.#known), stage)) undecided.push(number)
      if (at % STRIDE === 0 && this.#pace.due) await this.#pace.pause()
    }
    return undecided
  }

  async #judgeByMetadata(
    numbers: readonly MessageNumber[],
    need: MetadataNeed,
    isOpen: (entry: MetadataEntry) => boolean | Promise<boolean>,
  ): Promise<MessageNumber[]> {
    const undecided: MessageNumber[] = []
    for await (const batch of this.#context.view.metadata(numbers, need)) {
      for (const entry of batch) {
        if (await isOpen(entry)) undecided.push(entry.number)
        if (this.#pace.due) await this.#pace.pause()
      }
    }
    return undecided
  }

  async #judgeBody(entry: MetadataEntry, stage: number): Promise<boolean> {
    using opened = entry.metadata && (await this.#open(entry.number))
    const {metadata} = entry
    if (!metadata || !opened) return this.#isOpen(new KnownSubject({number: entry.number, metadata: undefined}, []), stage)
    const {whole} = opened
    const {structure} = metadata
    if (whole) {
      const find = (index: number) => readWith(this.#search(structure, index), (start, end) => whole.subarray(start, end))
      return this.#isOpen(new ReadSubject(entry, this.#known, {answers: [], find}), stage)
    }
    const answers: boolean[] = []
    for (const index of this.#program.needles.keys()) {
      answers.push(await readAsync(this.#search(structure, index), (start, end) => this.#readPiece(opened, start, end)))
    }
    return this.#isOpen(new ReadSubject(entry, this.#known, {answers, find: () => false}), stage)
  }

  #search(structure: Part, index: number) {
    const {needle, inHeaders} = this.#program.needles[index] as BodyNeedle
    return inHeaders ? searchText(structure, needle) : searchBody(structure, needle)
  }

  async #readPiece(opened: OpenMessage, start: number, end: number): Promise<Buffer> {
    if (this.#pace.due) await this.#pace.pause()
    return await opened.read(start, end)
  }

  /** A file that cannot be read matches nothing, as one that is gone; the others are searched all the same. */
  async #open(number: MessageNumber): Promise<OpenMessage | undefined> {
    const {view, session} = this.#context
    try {
      return await view.open(number)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      session.log.warning('imap.search-unreadable', {reason: error.message})
      return undefined
    }
  }
}
