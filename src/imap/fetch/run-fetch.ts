import type {MessageMetadata, MessageNumber, MetadataEntry, MetadataNeed, OpenMessage, View} from '../../maildir/types.js'
import {Fault} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import type {SelectedContext} from '../session.js'
import {announceNewKeywords} from '../updates.js'
import type {FetchItem} from './items.js'
import {type FetchPlan, type FetchStep, planFetch} from './plan.js'
import {isWholeHeader, type Source, writeSection} from './section-writer.js'
import {SeenMarker} from './seen.js'
import {type Substitute, substituteMessage} from './substitute.js'

/** Messages of one batch when no metadata is needed. */
const BATCH = 1_000
/** Messages that are rendered between two looks at the clock. */
const STRIDE = 16

/** What to fetch. */
export interface FetchRequest {
  readonly numbers: readonly MessageNumber[]
  readonly items: readonly FetchItem[]
  /** UID FETCH. */
  readonly uid: boolean
}

/**
 * Writes `* n FETCH (…)` for each message, in order; sets \Seen and tells the flags where the items say so.
 *
 * @throws {Fault} after all others were sent: a message could not be read
 * @throws {Hangup} the client is gone
 */
export async function runFetch(context: SelectedContext, request: FetchRequest): Promise<void> {
  const {session, view} = context
  const plan = planFetch(request.items, view, {uid: request.uid, utf8: session.utf8})
  // Flags are told after the keywords among them (`spec/imap.md` §9.4).
  if (plan.marksSeen || request.items.includes('FLAGS')) announceNewKeywords(session, view)
  await new FetchRun(context, plan, request.uid).run(request.numbers)
}

/** Metadata of the messages in batches; without need there is nothing to wait for. */
async function* batches(
  view: View,
  numbers: readonly MessageNumber[],
  need: MetadataNeed | undefined,
): AsyncGenerator<readonly MetadataEntry[], void, void> {
  if (need) {
    yield* view.metadata(numbers, need)
    return
  }
  for (let at = 0; at < numbers.length; at += BATCH) {
    yield numbers.slice(at, at + BATCH).map((number) => ({number, metadata: undefined}))
  }
}

/** A message whose file has to be waited for, or whose metadata cannot be used. */
interface Opening {
  readonly metadata: MessageMetadata | undefined
  readonly opening: OpenMessage | undefined | Promise<OpenMessage | undefined>
  readonly isCut: boolean
}

/** One FETCH while it runs. */
class FetchRun {
  readonly #context: SelectedContext
  readonly #plan: FetchPlan
  readonly #pace: Pace
  readonly #seen: SeenMarker | undefined
  #substitute: Substitute | undefined
  /** The first message that could not be read. */
  #fault: Fault | undefined

  constructor(context: SelectedContext, plan: FetchPlan, uid: boolean) {
    this.#context = context
    this.#plan = plan
    this.#pace = new Pace(context.session.signal)
    this.#seen = plan.marksSeen ? new SeenMarker(context, {uid}) : undefined
  }

  async run(numbers: readonly MessageNumber[]): Promise<void> {
    const {opens, need} = this.#plan
    const sections = opens || this.#plan.steps.some(({kind}) => kind === 'section')
    for await (const batch of batches(this.#context.view, numbers, need)) {
      if (sections) await this.#writeWithSections(batch)
      else await this.#writeData(batch)
    }
    await this.#seen?.mark()
    if (this.#fault) throw this.#fault
  }

  /** The loop for flags, sizes, envelopes: nothing to wait for but the client. */
  async #writeData(batch: readonly MetadataEntry[]): Promise<void> {
    const {out} = this.#context.session
    let index = 0
    for (const entry of batch) {
      this.#writeLine(entry)
      if (out.full) await out.flush()
      if (++index % STRIDE === 0 && this.#pace.due) await this.#pace.pause()
    }
  }

  #writeLine({number, metadata, fault}: MetadataEntry): void {
    if (fault) {
      this.#fault ??= fault
      return
    }
    const {steps, data, need} = this.#plan
    const shown = metadata ?? (need && this.#gone().metadata)
    let line = `* ${number} FETCH (`
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i] as FetchStep
      if (step.kind === 'data') line += (i === 0 ? '' : ' ') + data.text(step.item, number, shown)
    }
    this.#context.session.out.text(line).text(')\r\n')
  }

  async #writeWithSections(batch: readonly MetadataEntry[]): Promise<void> {
    const {out} = this.#context.session
    for (const {number, metadata, fault} of batch) {
      try {
        if (fault) throw fault
        const waiting = this.#writeMessage(number, metadata)
        if (waiting instanceof Promise) await waiting
      } catch (error) {
        // One message that cannot be read must not hide the others; in the middle of a line it is too late.
        if (!(error instanceof Fault) || !out.atLineStart) throw error
        this.#fault ??= error
        continue
      }
      if (out.full) await out.flush()
      if (this.#seen?.due) await this.#seen.mark()
      if (this.#pace.due) await this.#pace.pause()
    }
  }

  /** Answers a promise only when it has to wait. @throws {Fault} before anything was written */
  #writeMessage(number: MessageNumber, metadata: MessageMetadata | undefined): undefined | Promise<void> {
    const {need, showsHeader, opens} = this.#plan
    if (need && !metadata) return this.#write(number, this.#gone())
    // A header that was cut in the metadata: the file and the structure tell all of it.
    const isCut = showsHeader && metadata !== undefined && !isWholeHeader(metadata)
    if (!opens && !isCut) return this.#write(number, {metadata, opened: undefined})
    const opening = this.#context.view.open(number)
    if (opening instanceof Promise || !opening || isCut || (metadata && isOld(metadata, opening)))
      return this.#writeLater(number, {metadata, opening, isCut})
    return this.#writeOpened(number, {metadata, opened: opening})
  }

  /** The file stays open until it has been sent. */
  #writeOpened(number: MessageNumber, source: Source & {readonly opened: OpenMessage}): undefined | Promise<void> {
    let waiting: undefined | Promise<void>
    try {
      waiting = this.#write(number, source)
    } finally {
      if (!waiting) source.opened[Symbol.dispose]()
    }
    return waiting?.finally(() => source.opened[Symbol.dispose]())
  }

  async #writeLater(number: MessageNumber, {metadata, opening, isCut}: Opening): Promise<void> {
    using opened = await opening
    if (!opened) return await this.#write(number, this.#gone())
    const again = isCut || (metadata !== undefined && isOld(metadata, opened))
    await this.#write(number, again ? await this.#readAgain(number, opened) : {metadata, opened})
  }

  /** The structure of the file as it is now. */
  async #readAgain(number: MessageNumber, opened: OpenMessage): Promise<Source> {
    for await (const [entry] of this.#context.view.metadata([number], 'structure')) {
      if (entry?.metadata) return {metadata: entry.metadata, opened}
    }
    return this.#gone()
  }

  #write(number: MessageNumber, source: Source): undefined | Promise<void> {
    this.#context.session.out.text(`* ${number} FETCH (`)
    return this.#writeSteps(number, source, 0)
  }

  /** The items from one on, as far as nothing has to be waited for. */
  #writeSteps(number: MessageNumber, source: Source, first: number): undefined | Promise<void> {
    const {out, counters} = this.#context.session
    const {steps, data} = this.#plan
    for (let at = first; at < steps.length; at += 1) {
      const step = steps[at] as FetchStep
      if (at > 0) out.text(' ')
      const waiting =
        step.kind === 'data' ? out.text(data.text(step.item, number, source.metadata)) : writeSection(out, step.item, source, counters)
      if (waiting instanceof Promise) return waiting.then(() => this.#writeSteps(number, source, at + 1))
      const writing = out.full ? out.flush() : undefined
      if (writing !== undefined) return writing.then(() => this.#writeSteps(number, source, at + 1))
    }
    out.text(')\r\n')
    if (source !== this.#substitute) this.#seen?.add(number, source)
    return undefined
  }

  #gone(): Substitute {
    this.#substitute ??= substituteMessage(this.#context.session.now())
    return this.#substitute
  }
}

/** The file was rewritten in place after its metadata was read (`design.md` §3); offsets would be wrong. */
function isOld(metadata: MessageMetadata, opened: OpenMessage): boolean {
  return metadata.storedBytes !== opened.storedBytes || metadata.internalDateMs !== opened.internalDateMs
}
