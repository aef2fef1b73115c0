/** A mailbox in memory: a `View` for tests of verbs that read messages. */

import {KnownMetadata} from '../../src/maildir/known-metadata.js'
import type {
  FlagBits,
  FolderName,
  MessageMetadata,
  MessageNumber,
  MetadataEntry,
  MetadataNeed,
  OpenMessage,
  Uid,
  View,
} from '../../src/maildir/types.js'
import {headerLength} from '../../src/message/headers.js'
import {LineFeedTable} from '../../src/message/line-feed-table.js'
import {countLineFeeds} from '../../src/message/line-feeds.js'
import {StructureParser} from '../../src/message/parse-structure.js'
import {finish} from '../../src/support/steps.js'

export interface MemoryMessage {
  uid: number
  flags: FlagBits
  keywords: string[]
  recent: boolean
  internalDateMs: number
  /** undefined: the file is gone. */
  raw: Buffer | undefined
}

export interface MemoryView extends View {
  readonly messages: MemoryMessage[]
  /** What was asked of the view, in order: `metadata size 3`, `open 7`, `store 1,2`. */
  readonly calls: string[]
}

export interface MemoryViewOptions {
  readonly readOnly?: boolean
  /** Files up to this size are held whole. */
  readonly wholeOctets?: number
  readonly batch?: number
}

export function message(raw: string | Buffer, rest: Partial<MemoryMessage> = {}): Omit<MemoryMessage, 'uid'> & {uid?: number} {
  return {
    flags: 0,
    keywords: [],
    recent: false,
    internalDateMs: Date.UTC(2024, 0, 2, 3, 4, 5),
    raw: typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw,
    ...rest,
  }
}

export function metadataOf(raw: Buffer, internalDateMs: number): MessageMetadata {
  const parser = new StructureParser()
  parser.push(raw)
  return new KnownMetadata(
    {internalDateMs, storedBytes: raw.length},
    {
      wireBytes: raw.length + countLineFeeds(raw),
      header: raw.toString('latin1', 0, headerLength(raw)),
      structure: parser.end(),
    },
  )
}

export function memoryView(given: readonly (Omit<MemoryMessage, 'uid'> & {uid?: number})[], options: MemoryViewOptions = {}): MemoryView {
  const {readOnly = false, wholeOctets = 1024 * 1024, batch = 7} = options
  const messages: MemoryMessage[] = given.map((one, index) => ({...one, uid: one.uid ?? index + 1}))
  const calls: string[] = []
  const at = (number: MessageNumber): MemoryMessage => {
    const found = messages[number - 1]
    if (!found) throw new Error(`There is no message ${number}`)
    return found
  }
  const cache = new WeakMap<Buffer, MessageMetadata>()
  const tables = new WeakMap<Buffer, LineFeedTable>()
  const tableFor = (raw: Buffer): LineFeedTable => {
    const table = tables.get(raw) ?? new LineFeedTable()
    tables.set(raw, table)
    return table
  }
  const metadataFor = ({raw, internalDateMs}: MemoryMessage): MessageMetadata | undefined => {
    if (!raw) return undefined
    const known = cache.get(raw) ?? metadataOf(raw, internalDateMs)
    cache.set(raw, known)
    return known
  }
  return {
    messages,
    calls,
    name: 'INBOX' as FolderName,
    readOnly,
    uidValidity: 1,
    get uidNext() {
      return (messages.at(-1)?.uid ?? 0) + 1
    },
    highestModseq: 1,
    get size() {
      return messages.length
    },
    get recent() {
      return messages.filter(({recent}) => recent).length
    },
    get keywords() {
      return [...new Set(messages.flatMap(({keywords}) => keywords))]
    },
    uidOf: (number) => at(number).uid as Uid,
    numberOf: (uid) => (messages.findIndex((one) => one.uid === uid) + 1) as MessageNumber | 0,
    firstFrom: (uid) => {
      const index = messages.findIndex((one) => one.uid >= uid)
      return index < 0 ? messages.length + 1 : index + 1
    },
    flagsOf: (number) => at(number).flags,
    firstWithout: (flags) => (messages.findIndex((one) => (one.flags & flags) === 0) + 1) as MessageNumber | 0,
    countWithout: (wanted) => messages.filter(({flags}) => (flags & wanted) === 0).length,
    stretches: () => {
      const pairs = Array.from({length: Math.ceil(messages.length / 2)}, (_, place) => messages.slice(2 * place, 2 * place + 2))
      return pairs.map((pair, place) => ({
        first: (2 * place + 1) as MessageNumber,
        size: pair.length,
        flags: Uint8Array.from(pair, ({flags}) => flags),
        countWithout: (wanted) => pair.filter(({flags}) => (flags & wanted) === 0).length,
      }))
    },
    keywordsOf: (number) => at(number).keywords,
    isRecent: (number) => at(number).recent,
    modseqOf: () => 1,
    refresh: async () => {},
    checkThere: () => {},
    updates: () => [],
    pending: false,
    watch: () => () => {},
    async *metadata(numbers: readonly MessageNumber[], need: MetadataNeed): AsyncGenerator<readonly MetadataEntry[]> {
      calls.push(`metadata ${need} ${numbers.length}`)
      for (let start = 0; start < numbers.length; start += batch) {
        yield numbers.slice(start, start + batch).map((number) => ({number, metadata: metadataFor(at(number))}))
      }
    },
    async values(column, numbers) {
      calls.push(`values ${column.need} ${numbers.length}`)
      const values = numbers.map((number) => {
        const metadata = metadataFor(at(number))
        return metadata && column.of(metadata)
      })
      return {values, derive: async (recipe) => finish(recipe(values))}
    },
    async open(number): Promise<OpenMessage | undefined> {
      calls.push(`open ${number}`)
      const {raw, internalDateMs} = at(number)
      return (
        raw && {
          storedBytes: raw.length,
          internalDateMs,
          whole: raw.length <= wholeOctets ? raw : undefined,
          lineFeeds: raw.length <= wholeOctets ? undefined : tableFor(raw),
          read: async (start, end) => {
            calls.push(`read ${start} ${end}`)
            return Buffer.from(raw.subarray(start, end))
          },
          [Symbol.dispose]: () => {},
        }
      )
    },
    async store(numbers, {mode, flags, keywords}) {
      calls.push(`store ${numbers.join(',')}`)
      for (const number of numbers) {
        const one = at(number)
        one.flags = mode === 'add' ? one.flags | flags : mode === 'remove' ? one.flags & ~flags : flags
        if (mode === 'add') one.keywords.push(...keywords.filter((keyword) => !one.keywords.includes(keyword)))
      }
    },
    expunge: () => Promise.reject(new Error('Not in this view')),
    copy: () => Promise.reject(new Error('Not in this view')),
    move: () => Promise.reject(new Error('Not in this view')),
    close: () => {},
  }
}
