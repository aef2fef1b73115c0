import type {Column, Counted, FlagBits, MessageMetadata, MessageNumber, MetadataNeed, View} from '../../maildir/types.js'
import type {LocalTime} from '../../message/date.js'
import {FieldNames} from '../../message/field-scan.js'
import {fieldValue} from '../../message/headers.js'
import {holds, type Needle} from '../../message/search-needle.js'
import {valueHolds} from '../../message/search-text.js'
import {type MessageSet, STAR} from '../message-set.js'
import type {SearchKey} from './keys.js'
import {FIELD_TEXTS, SENT_DAY} from './search-columns.js'
import {SORT_COLUMNS} from './sort-columns.js'

/** What must be known of a message before a key can be decided, from cheap to dear: columns come before what is in none. */
export const STAGES = ['view', 'date', 'size', 'fields', 'header', 'body'] as const
export type Stage = (typeof STAGES)[number]

/** Stages of columns by what they are made of. */
const COLUMN_STAGE: Readonly<Record<MetadataNeed, Stage>> = {
  date: 'date',
  size: 'size',
  header: 'fields',
  'size and header': 'fields',
  structure: 'header',
}

/** A message while it is looked at. */
export interface Subject {
  readonly number: MessageNumber
  /** As far as the stage needs it; undefined: the file is gone, and only what the view knows can match (`spec/imap.md` §23). */
  readonly metadata: MessageMetadata | undefined
  /** The message's own header; empty when the file is gone. From the stage `header` on. */
  readonly header: string
  /** Value of a column of the program; undefined: the file is gone, or the stage is an earlier one. */
  valueOf(column: number): unknown
  /** The body (or with TEXT also a header) holds the needle of this number in the program. From the stage `body` on. */
  bodyHolds(index: number): boolean
}

export interface Test {
  readonly kind: 'test'
  readonly stage: number
  holds(subject: Subject): boolean
  /** What it says of each of some messages; undefined, or not there: that depends on the message. */
  holdsAll?: ((messages: Counted) => boolean | undefined) | undefined
  /** What it says of every message with these flags; not there: that depends on more. */
  holdsFlags?: ((flags: FlagBits) => boolean) | undefined
}

export type Node = Test | {readonly kind: 'and' | 'or'; readonly nodes: readonly Node[]} | {readonly kind: 'not'; readonly node: Node}

/** What a BODY or TEXT key looks for. */
export interface BodyNeedle {
  readonly needle: Needle
  /** TEXT: headers count too. */
  readonly inHeaders: boolean
}

/** A column that a program looks at. */
export interface ProgramColumn {
  readonly column: Column<unknown>
  readonly stage: number
}

export interface Program {
  readonly root: Node
  readonly columns: readonly ProgramColumn[]
  /** Numbers of the stages that some key needs, ascending. */
  readonly stages: readonly number[]
  readonly needles: readonly BodyNeedle[]
}

/** What keys are read with. */
export interface Reading {
  /** Search string of the client in the form in which texts are compared. */
  needle(octets: string): Needle
  /** The server's zone. */
  readonly localTime: LocalTime
}

/** Makes a program of search keys for one mailbox. */
export function compileSearch(key: SearchKey, view: View, reading: Reading): Program {
  const compiler = new Compiler(view, reading)
  const root = compiler.compile(key)
  const {columns, needles} = compiler
  return {root, columns, stages: [...compiler.stages].sort((a, b) => a - b), needles}
}

class Compiler {
  readonly stages = new Set<number>()
  readonly columns: ProgramColumn[] = []
  readonly needles: BodyNeedle[] = []
  readonly #view: View
  readonly #reading: Reading

  constructor(view: View, reading: Reading) {
    this.#view = view
    this.#reading = reading
  }

  compile(key: SearchKey): Node {
    switch (key.kind) {
      case 'not':
        return {kind: 'not', node: this.compile(key.key)}
      case 'and':
      case 'or':
        return {kind: key.kind, nodes: key.keys.map((inner) => this.compile(inner))}
      case 'header':
        return this.#header(key.name, key.text)
      case 'body':
      case 'text':
        return this.#body({needle: this.#reading.needle(key.text), inHeaders: key.kind === 'text'})
      case 'date':
        return key.of === 'internal' ? this.#internalDate(key) : this.#sentDate(key)
      case 'size':
        return this.#size(key)
      default:
        return {...this.#test('view', this.#viewTest(key)), holdsAll: countTest(key), holdsFlags: flagsTest(key)}
    }
  }

  #test(stage: Stage, holds: (subject: Subject) => boolean): Test {
    const number = STAGES.indexOf(stage)
    this.stages.add(number)
    return {kind: 'test', stage: number, holds}
  }

  #viewTest(key: ViewKey): (subject: Subject) => boolean {
    const view = this.#view
    switch (key.kind) {
      case 'all':
        return () => true
      case 'numbers': {
        const holds = membership(key.set, view.size)
        return ({number}) => holds(number)
      }
      case 'uids': {
        const holds = membership(key.set, view.size === 0 ? 0 : view.uidOf(view.size as MessageNumber))
        return ({number}) => holds(view.uidOf(number))
      }
      case 'flag':
        return ({number}) => (view.flagsOf(number) & key.bit) !== 0
      case 'recent':
        return ({number}) => view.isRecent(number)
      case 'keyword': {
        const wanted = key.name.toUpperCase()
        return ({number}) => view.keywordsOf(number).some((keyword) => keyword.toUpperCase() === wanted)
      }
    }
  }

  /** A test of a message's value in a column; what is gone does not pass. */
  #column<T>(column: Column<T>, holds: (value: T) => boolean): Test {
    const stage = COLUMN_STAGE[column.need]
    const known = this.columns.findIndex((each) => each.column === column)
    const place = known < 0 ? this.columns.push({column: column as Column<unknown>, stage: STAGES.indexOf(stage)}) - 1 : known
    return this.#test(stage, (subject) => {
      const value = subject.valueOf(place) as T | undefined
      return value !== undefined && holds(value)
    })
  }

  #internalDate({relation, day}: DateKey): Test {
    const {localTime} = this.#reading
    return this.#column(SORT_COLUMNS.ARRIVAL, (arrival) => compare[relation](localTime.day(Number(arrival)), day))
  }

  #sentDate({relation, day}: DateKey): Test {
    return this.#column(SENT_DAY, (sent) => compare[relation](sent, day))
  }

  /** Courier: compares the octets of the file; RFC 3501 §6.4.4 means RFC822.SIZE. */
  #size({relation, octets}: SizeKey): Test {
    return this.#column(SORT_COLUMNS.SIZE, (size) => (relation === 'larger' ? Number(size) > octets : Number(size) < octets))
  }

  /** Courier: looks at the headers of all parts too; RFC 3501 §6.4.4 means the message's own. */
  #header(name: string, octets: string): Test {
    const needle = this.#reading.needle(octets)
    const column = FIELD_TEXTS[name.toLowerCase()]
    if (column) return this.#column(column, (texts) => anyHolds(texts, needle))
    const names = new FieldNames([name])
    return this.#test('header', ({header}) => {
      for (const field of names.in(header)) if (valueHolds(fieldValue(header, field), needle)) return true
      return false
    })
  }

  #body(wanted: BodyNeedle): Test {
    const same = this.needles.findIndex(({needle, inHeaders}) => needle.text === wanted.needle.text && inHeaders === wanted.inHeaders)
    const index = same < 0 ? this.needles.push(wanted) - 1 : same
    return this.#test('body', (subject) => subject.bodyHolds(index))
  }
}

function anyHolds(texts: readonly string[], needle: Needle): boolean {
  for (const text of texts) if (holds(text, needle)) return true
  return false
}

/** What a key says of many messages at once. */
function countTest(key: ViewKey): Test['holdsAll'] {
  if (key.kind === 'all') return () => true
  if (key.kind !== 'flag') return undefined
  return (messages) => {
    const lacking = messages.countWithout(key.bit)
    if (lacking === 0) return true
    return lacking === messages.size ? false : undefined
  }
}

function flagsTest(key: ViewKey): Test['holdsFlags'] {
  if (key.kind === 'all') return () => true
  return key.kind === 'flag' ? (flags) => (flags & key.bit) !== 0 : undefined
}

type ViewKey = Extract<SearchKey, {kind: 'all' | 'numbers' | 'uids' | 'flag' | 'recent' | 'keyword'}>
type DateKey = Extract<SearchKey, {kind: 'date'}>
type SizeKey = Extract<SearchKey, {kind: 'size'}>

const compare: Readonly<Record<DateKey['relation'], (day: number, wanted: number) => boolean>> = {
  before: (day, wanted) => day < wanted,
  on: (day, wanted) => day === wanted,
  since: (day, wanted) => day >= wanted,
}

/**
 * Is a number in the set? `*` is the highest number in use; ranges may be written either way round (RFC 3501 §9).
 *
 * Courier: a set that starts with `*`, or a range written backwards, matches nothing. Numbers that no message has match
 * nothing here: they ask, they do not name.
 */
function membership(set: MessageSet, highest: number): (number: number) => boolean {
  const value = (end: number) => (end === STAR ? highest : end)
  const ranges = set
    .map(({first, last}) => ({low: Math.min(value(first), value(last)), high: Math.max(value(first), value(last))}))
    .sort((a, b) => a.low - b.low)
  const lows: number[] = []
  const highs: number[] = []
  for (const {low, high} of ranges) {
    const previous = highs.length - 1
    if (previous >= 0 && low <= highs[previous]! + 1) highs[previous] = Math.max(highs[previous]!, high)
    else {
      lows.push(low)
      highs.push(high)
    }
  }
  return (number) => {
    let from = 0
    let to = lows.length
    while (from < to) {
      const middle = (from + to) >> 1
      if (lows[middle]! <= number) from = middle + 1
      else to = middle
    }
    return from > 0 && number <= highs[from - 1]!
  }
}

/** What a test says of something; undefined: that depends on more. */
type Verdicts<T> = (test: Test, about: T) => boolean | undefined

/** By stage: what tests say of a message. */
const AT_STAGE: readonly Verdicts<Subject>[] = STAGES.map(
  (_, stage) => (test, subject) => (test.stage <= stage ? test.holds(subject) : undefined),
)
const OF_MANY: Verdicts<Counted> = (test, messages) => test.holdsAll?.(messages)
const OF_FLAGS: Verdicts<FlagBits> = (test, flags) => test.holdsFlags?.(flags)
const NEVER: Verdicts<unknown> = () => undefined

/** Does the message match, as far as it is known at this stage? undefined: that depends on more. */
export function judge(node: Node, subject: Subject, stage: number): boolean | undefined {
  return judgeWith(node, subject, AT_STAGE[stage] ?? NEVER)
}

/** Do all of these messages match, or none? undefined: that depends on each. */
export function judgeAtOnce(node: Node, messages: Counted): boolean | undefined {
  return judgeWith(node, messages, OF_MANY)
}

/** Does a message with these flags match? undefined: that depends on more. */
export function judgeFlags(node: Node, flags: FlagBits): boolean | undefined {
  return judgeWith(node, flags, OF_FLAGS)
}

function judgeWith<T>(node: Node, about: T, verdictOf: Verdicts<T>): boolean | undefined {
  switch (node.kind) {
    case 'test':
      return verdictOf(node, about)
    case 'not': {
      const verdict = judgeWith(node.node, about, verdictOf)
      return verdict === undefined ? undefined : !verdict
    }
    case 'and':
      return judgeAll(node.nodes, false, {about, verdictOf})
    case 'or':
      return judgeAll(node.nodes, true, {about, verdictOf})
  }
}

/** One `decisive` verdict decides, whatever the others are. */
function judgeAll<T>(
  nodes: readonly Node[],
  decisive: boolean,
  {about, verdictOf}: {readonly about: T; readonly verdictOf: Verdicts<T>},
): boolean | undefined {
  let unknown = false
  for (const node of nodes) {
    const verdict = judgeWith(node, about, verdictOf)
    if (verdict === decisive) return decisive
    if (verdict === undefined) unknown = true
  }
  return unknown ? undefined : !decisive
}
