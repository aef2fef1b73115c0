import type {MessageMetadata, MessageNumber, MetadataEntry, MetadataNeed, OpenMessage, View} from '../../maildir/types.js'
import {Fault} from '../../support/fault.js'
import {Pace} from '../../support/pace.js'
import type {SelectedContext} from '../session.js'
import {announceNewKeywords} from '../updates.js'
import type {FetchItem} from './items.js'
import {type FetchPlan, planFetch} from './plan.js'
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
    const {steps, need} = this.#plan
    const renderers = steps.flatMap((step) => (step.kind === 'data' ? [step.render] : []))
    let index = 0
    for (const {number, metadata} of batch) {
      const shown = metadata ?? (need && this.#gone().metadata)
      let line = `* ${number} FETCH (`
      for (let i = 0; i < renderers.length; i++) line += (i === 0 ? '' : ' ') + renderers[i]!(number, shown)
      out.text(line).text(')\r\n')
      if (out.full) await out.flush()
      if (++index % STRIDE === 0 && this.#pace.due) await this.#pace.pause()
    }
  }

  async #writeWithSections(batch: readonly MetadataEntry[]): Promise<void> {
    const {out} = this.#context.session
    for (const {number, metadata} of batch) {
      try {
        await this.#writeMessage(number, metadata)
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

  /** @throws {Fault} before anything was written */
  async #writeMessage(number: MessageNumber, metadata: MessageMetadata | undefined): Promise<void> {
    const {view} = this.#context
    const {need, opens} = this.#plan
    if (need && !metadata) return this.#write(number, this.#gone())
    // A header that was cut in the metadata: the file and the structure tell all of it.
    const isCut = need === 'header' && metadata !== undefined && !isWholeHeader(metadata.header)
    if (!opens && !isCut) return this.#write(number, {metadata, opened: undefined})
    using opened = await view.open(number)
    if (!opened) return await this.#write(number, this.#gone())
    // The file stays open until it has been sent.
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

  async #write(number: MessageNumber, source: Source): Promise<void> {
    const {out, counters} = this.#context.session
    out.text(`* ${number} FETCH (`)
    let separator = ''
    for (const step of this.#plan.steps) {
      out.text(separator)
      separator = ' '
      if (step.kind === 'data') out.text(step.render(number, source.metadata))
      else await writeSection(out, step.item, source, counters)
      if (out.full) await out.flush()
    }
    out.text(')\r\n')
    if (source !== this.#substitute) this.#seen?.add(number, source)
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
