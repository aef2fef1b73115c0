/**
 * Values that follow from the metadata of messages, kept in memory for whoever sorts and searches again.
 *
 * A value belongs to an entry of the index (its stamp), so it is as right as the metadata: what the index does not know,
 * or has to compare with a file first, is worked out again. Without an index nothing is kept.
 */
import {Pace} from '../../support/pace.js'
import {paced} from '../../support/steps.js'
import type {IndexedMessage} from '../index/metadata-index.js'
import type {Column, ColumnValues, MessageNumber, MetadataEntry, Recipe, Uid} from '../types.js'
import type {ColumnBudget} from './column-budget.js'
import type {Folder} from './folder.js'
import {factsOfMessage, readMetadata} from './metadata.js'
import type {Snapshot} from './snapshot.js'

/** Messages whose entries are looked up between two looks at the clock. */
const STRIDE = 256
/** A value's place and its stamp; what is derived from it counts as much again. */
const PLACE_OCTETS = 32

type Values = readonly unknown[]

/** What is known of a column for the messages of a snapshot. */
interface KnownColumn {
  readonly listed: Snapshot
  readonly values: Values
  /** The entry that each value was made of; 0: the value is not known. */
  readonly stamps: Float64Array
  /** What the values take. */
  readonly octets: number
  /** The answer for all messages, and the version of the index for which it holds. */
  readonly whole: {readonly answer: ColumnValues<unknown>; readonly version: number} | undefined
}

/** Values that were asked for, and what was made of them. */
class Answer implements ColumnValues<unknown> {
  readonly values: Values
  readonly #results = new Map<Recipe<never, unknown>, unknown>()

  constructor(values: Values) {
    this.values = values
  }

  async derive<R>(recipe: Recipe<never, R>, pace: Pace): Promise<R> {
    const known = this.#results.get(recipe)
    if (known !== undefined) return known as R
    const result = await paced(recipe(this.values as readonly never[]), pace)
    this.#results.set(recipe, result)
    return result
  }
}

/** The columns of one folder. */
export class FolderColumns {
  readonly #folder: Folder
  readonly #budget: ColumnBudget
  readonly #columns = new Map<Column<unknown>, KnownColumn>()
  /** Columns of which all values are being worked out: who wants the same ones waits. */
  readonly #running = new Map<Column<unknown>, Promise<void>>()

  constructor(folder: Folder, budget: ColumnBudget) {
    this.#folder = folder
    this.#budget = budget
  }

  /** Values of the messages of `listed` with these numbers, in their order; of all, in theirs, when there are as many. */
  async values<T>(column: Column<T>, listed: Snapshot, numbers: readonly MessageNumber[]): Promise<ColumnValues<T>> {
    const key = column as Column<unknown>
    if (numbers.length < listed.size) return (await this.#values(key, listed, numbers)) as ColumnValues<T>
    while (this.#running.has(key)) await this.#running.get(key)
    const all = this.#values(key, listed, undefined)
    this.#running.set(
      key,
      all.then(
        () => {},
        () => {}, // who waits tries it himself
      ),
    )
    try {
      return (await all) as ColumnValues<T>
    } finally {
      this.#running.delete(key)
    }
  }

  /** Of all messages without `numbers`. */
  async #values(column: Column<unknown>, listed: Snapshot, numbers: readonly MessageNumber[] | undefined): Promise<ColumnValues<unknown>> {
    const {index} = this.#folder
    const {version} = index
    const known = this.#columns.get(column)
    const current = known?.listed.hasSameMessages(listed) ? known : undefined
    this.#budget.use(this)
    const answerOf = (values: Values) => new Answer(numbers?.map((number) => values[number - 1]) ?? values)
    if (current?.whole?.version === version) return numbers ? answerOf(current.whole.answer.values) : current.whole.answer
    const update = new Update(this.#folder, {column, listed, known, isSame: current !== undefined})
    await update.run(numbers)
    const answer = answerOf(update.values)
    this.#keep(column, {...update.result, whole: numbers ? undefined : {answer, version}})
    return answer
  }

  /** Forgets everything. */
  close(): void {
    this.#columns.clear()
    this.#budget.release(this)
  }

  #keep(column: Column<unknown>, known: KnownColumn): void {
    if (Number.isNaN(this.#folder.index.version)) return
    this.#columns.set(column, known)
    let octets = 0
    for (const each of this.#columns.values()) octets += each.octets + PLACE_OCTETS * each.stamps.length
    if (!this.#budget.keep(this, octets, () => this.#columns.clear())) this.#columns.clear()
  }
}

interface UpdateOptions {
  readonly column: Column<unknown>
  readonly listed: Snapshot
  readonly known: KnownColumn | undefined
  readonly isSame: boolean
}

/** Brings what is known of a column up to date. */
class Update {
  readonly values: unknown[]
  readonly #folder: Folder
  readonly #column: Column<unknown>
  readonly #listed: Snapshot
  readonly #stamps: Float64Array
  readonly #pace = new Pace()
  /** Nothing is known of the column. */
  readonly #isNew: boolean
  #octets = 0

  constructor(folder: Folder, {column, listed, known, isSame}: UpdateOptions) {
    this.#folder = folder
    this.#column = column
    this.#listed = listed
    this.#isNew = known === undefined
    this.#octets = known?.octets ?? 0
    this.values = isSame && known ? known.values.slice() : new Array(listed.size).fill(undefined)
    this.#stamps = isSame && known ? known.stamps.slice() : new Float64Array(listed.size)
    if (known && !isSame) this.#takeOver(known)
  }

  get result(): Omit<KnownColumn, 'whole'> {
    return {listed: this.#listed, values: this.values, stamps: this.#stamps, octets: this.#octets}
  }

  async run(numbers: readonly MessageNumber[] | undefined): Promise<void> {
    const unknown = this.#isNew ? (numbers ?? numbersFrom(1, this.#listed.size)) : await this.#unknown(numbers)
    if (unknown.length === 0) return
    for await (const batch of readMetadata(this.#folder, {listed: this.#listed, numbers: unknown}, this.#column.need)) this.#take(batch)
  }

  #take(batch: readonly MetadataEntry[]): void {
    const numbers: MessageNumber[] = []
    for (const {number} of batch) numbers.push(number)
    const stamps = this.#stampsOf(numbers)
    for (let place = 0; place < batch.length; place += 1) {
      const {number, metadata} = batch[place] as MetadataEntry
      this.#put(number, metadata && this.#column.of(metadata), stamps[place] ?? 0)
    }
  }

  #put(number: MessageNumber, value: unknown, stamp: number): void {
    this.values[number - 1] = value
    this.#stamps[number - 1] = value === undefined ? 0 : stamp
    if (value !== undefined) this.#octets += this.#column.octets(value)
  }

  /** Numbers of messages whose value is not known, or of another entry than the message has now. */
  async #unknown(numbers: readonly MessageNumber[] | undefined): Promise<MessageNumber[]> {
    const unknown: MessageNumber[] = []
    const count = numbers?.length ?? this.#listed.size
    for (let at = 0; at < count; at += STRIDE) {
      const length = Math.min(STRIDE, count - at)
      const some = numbers?.slice(at, at + length) ?? numbersFrom(at + 1, at + length)
      for (const [place, stamp] of this.#stampsOf(some).entries()) {
        const number = some[place] as MessageNumber
        if (stamp === 0 || stamp !== this.#stamps[number - 1]) unknown.push(number)
      }
      if (this.#pace.due) await this.#pace.pause()
    }
    return unknown
  }

  #stampsOf(numbers: readonly MessageNumber[]): readonly number[] {
    const messages: IndexedMessage[] = []
    for (const number of numbers) messages.push({uid: this.#listed.uidAt(number - 1), hash: this.#listed.baseHashAt(number - 1)})
    return this.#folder.index.stamps(messages, {factsOf: (message) => factsOfMessage(this.#folder, message)})
  }

  /** What was known of messages that are still there. Both lists are in the order of UIDs. */
  #takeOver({listed, values, stamps}: KnownColumn): void {
    let from = 0
    for (let to = 0; to < this.#listed.size; to += 1) {
      const uid: Uid = this.#listed.uidAt(to)
      while (from < listed.size && listed.uidAt(from) < uid) from += 1
      if (from === listed.size) return
      if (listed.uidAt(from) !== uid) continue
      this.values[to] = values[from]
      this.#stamps[to] = stamps[from] ?? 0
    }
  }
}

function numbersFrom(first: number, last: number): MessageNumber[] {
  const numbers: MessageNumber[] = []
  for (let number = first; number <= last; number += 1) numbers.push(number as MessageNumber)
  return numbers
}
