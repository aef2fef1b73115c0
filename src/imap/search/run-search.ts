import type {MessageMetadata, MessageNumber, MetadataEntry, OpenMessage} from '../../maildir/types.js'
import {LocalTime} from '../../message/date.js'
import {readAsync, readWith} from '../../message/reading.js'
import {needleOf, needleOfText} from '../../message/search-needle.js'
import {searchBody, searchText} from '../../message/search-text.js'
import type {Part} from '../../message/structure.js'
import {Fault} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import type {SelectedContext} from '../session.js'
import type {SearchKey} from './keys.js'
import {type BodyNeedle, compileSearch, judge, type Program, STAGE_NEED, STAGES, type Subject} from './program.js'

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

/** A message whose file is gone, or of which nothing but the view is asked. */
class KnownSubject implements Subject {
  readonly number: MessageNumber
  readonly metadata: MessageMetadata | undefined
  #header: string | undefined

  constructor({number, metadata}: MetadataEntry) {
    this.number = number
    this.metadata = metadata
  }

  get header(): string {
    this.#header ??= this.metadata?.header.toString('latin1') ?? ''
    return this.#header
  }

  bodyHolds(_index: number): boolean {
    return false
  }
}

/** A message with its body. */
class ReadSubject extends KnownSubject {
  readonly #answers: (boolean | undefined)[]
  readonly #find: (index: number) => boolean

  constructor(entry: MetadataEntry, answers: readonly boolean[], find: (index: number) => boolean) {
    super(entry)
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

  constructor(context: SelectedContext, program: Program) {
    this.#context = context
    this.#program = program
    this.#pace = new Pace(context.session.signal)
    this.#matches = new Uint8Array(context.view.size + 1)
  }

  async run(): Promise<MessageNumber[]> {
    let undecided = await this.#judgeByView()
    for (const stage of this.#program.stages) {
      if (stage > 0 && undecided.length > 0) undecided = await this.#judgeByMetadata(undecided, stage)
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
      const subject = new KnownSubject({number: number as MessageNumber, metadata: undefined})
      if (this.#isOpen(subject, 0)) undecided.push(subject.number)
      if (number % STRIDE === 0 && this.#pace.due) await this.#pace.pause()
    }
    return undecided
  }

  async #judgeByMetadata(numbers: readonly MessageNumber[], stage: number): Promise<MessageNumber[]> {
    const name = STAGES[stage] ?? 'body'
    const undecided: MessageNumber[] = []
    for await (const batch of this.#context.view.metadata(numbers, STAGE_NEED[name] ?? 'structure')) {
      for (const entry of batch) {
        const isOpen = name === 'body' ? await this.#judgeBody(entry, stage) : this.#isOpen(new KnownSubject(entry), stage)
        if (isOpen) undecided.push(entry.number)
        if (this.#pace.due) await this.#pace.pause()
      }
    }
    return undecided
  }

  async #judgeBody(entry: MetadataEntry, stage: number): Promise<boolean> {
    using opened = entry.metadata && (await this.#open(entry.number))
    const {metadata} = entry
    if (!metadata || !opened) return this.#isOpen(new KnownSubject({number: entry.number, metadata: undefined}), stage)
    const {whole} = opened
    const {structure} = metadata
    if (whole) {
      const find = (index: number) => readWith(this.#search(structure, index), (start, end) => whole.subarray(start, end))
      return this.#isOpen(new ReadSubject(entry, [], find), stage)
    }
    const answers: boolean[] = []
    for (const index of this.#program.needles.keys()) {
      answers.push(await readAsync(this.#search(structure, index), (start, end) => this.#readPiece(opened, start, end)))
    }
    return this.#isOpen(new ReadSubject(entry, answers, () => false), stage)
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
