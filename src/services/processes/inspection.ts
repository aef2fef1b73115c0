/** What the supervisor asks a process about itself, and what that answers, over their channel (`control/inspectable.ts`). */
import {BadSyntax} from '../../support/fault.js'
import {PlainRecord} from '../../support/plain-record.js'
import type {RoleState, SessionFilter, SessionInfo, TraceItem, TraceRequest} from '../control/inspectable.js'

export type Inspection =
  | {readonly kind: 'inspect'; readonly request: number; readonly what: 'sessions' | 'states' | 'life'}
  | {readonly kind: 'inspect'; readonly request: number; readonly what: 'kick'; readonly filter: SessionFilter}
  | {readonly kind: 'inspect'; readonly request: number; readonly what: 'trace'; readonly trace: TraceRequest}
  /** Ends a trace. */
  | {readonly kind: 'inspect'; readonly request: number; readonly what: 'end'}

/** One list for each kind of question; a trace has many answers. */
export interface InspectionAnswer {
  readonly kind: 'inspected'
  readonly request: number
  readonly sessions?: readonly SessionInfo[]
  /** More of the list follows. */
  readonly more?: boolean
  readonly states?: readonly RoleState[]
  readonly kicked?: number
  readonly traced?: TraceItem
}

export function isInspection(message: unknown): message is Inspection {
  return (message as {kind?: unknown} | null)?.kind === 'inspect'
}

const MAX_LIST = 1_000_000
const MAX_TEXT = 8_192
const MAX_LINE = 4 * 1024 * 1024

function list<T>(value: unknown, read: (item: PlainRecord) => T): readonly T[] {
  if (!Array.isArray(value) || value.length > MAX_LIST) throw new BadSyntax('A list is expected')
  return value.map((item) => read(new PlainRecord(item)))
}

function optional(plain: PlainRecord, name: string): string | undefined {
  return plain.value(name) === undefined ? undefined : plain.text(name, MAX_TEXT)
}

function readSession(plain: PlainRecord): SessionInfo {
  return {
    id: plain.text('id', MAX_TEXT),
    role: plain.text('role', MAX_TEXT),
    protocol: plain.text('protocol', MAX_TEXT),
    user: plain.text('user', MAX_TEXT),
    ip: plain.text('ip', MAX_TEXT),
    port: plain.integer('port'),
    encrypted: plain.flag('encrypted'),
    folder: optional(plain, 'folder'),
    command: optional(plain, 'command'),
    beganMs: plain.number('beganMs'),
    activeMs: plain.number('activeMs'),
    received: plain.number('received'),
    sent: plain.number('sent'),
  }
}

function readCounts(value: unknown): Record<string, number> {
  if (typeof value !== 'object' || value === null) throw new BadSyntax('Counts are expected')
  const plain = new PlainRecord(value)
  return Object.fromEntries(Object.keys(value).map((name) => [name.slice(0, MAX_TEXT), plain.number(name)]))
}

function readState(plain: PlainRecord): RoleState {
  const delay = plain.record('loopDelay')
  const memory = plain.record('memory')
  const index = plain.record('index')
  return {
    role: plain.text('role', MAX_TEXT),
    pid: plain.integer('pid'),
    beganMs: plain.number('beganMs'),
    sessions: readCounts(plain.value('sessions')),
    logins: readCounts(plain.value('logins')),
    failures: readCounts(plain.value('failures')),
    received: plain.number('received'),
    sent: plain.number('sent'),
    loopDelay: {p50: delay.number('p50'), p99: delay.number('p99'), max: delay.number('max')},
    memory: {residentBytes: memory.number('residentBytes'), heapBytes: memory.number('heapBytes')},
    index: {hits: index.number('hits'), misses: index.number('misses'), droppedFolders: index.number('droppedFolders')},
    lostLogLines: plain.number('lostLogLines'),
    errors: list(plain.value('errors'), (each) => ({
      time: each.number('time'),
      role: each.text('role', MAX_TEXT),
      level: each.text('level', MAX_TEXT),
      text: each.text('text', MAX_TEXT),
    })),
  }
}

function readTraced(plain: PlainRecord): TraceItem {
  return {
    time: plain.number('time'),
    id: plain.text('id', MAX_TEXT),
    from: plain.word('from', ['client', 'server', 'log']),
    text: plain.text('text', MAX_LINE),
  }
}

/** @throws {BadSyntax} */
export function readInspectionAnswer(plain: PlainRecord): InspectionAnswer {
  const has = (name: string) => plain.value(name) !== undefined
  return {
    kind: 'inspected',
    request: plain.integer('request'),
    ...(has('sessions') ? {sessions: list(plain.value('sessions'), readSession)} : {}),
    ...(has('more') ? {more: plain.flag('more')} : {}),
    ...(has('states') ? {states: list(plain.value('states'), readState)} : {}),
    ...(has('kicked') ? {kicked: plain.integer('kicked')} : {}),
    ...(has('traced') ? {traced: readTraced(plain.record('traced'))} : {}),
  }
}
