/**
 * Finds where a partial of a large section begins in the file. Clients fetch large messages in pieces (Thunderbird,
 * Outlook): each costs what it has, because the message's line ends are counted once for all of them.
 */
import type {OpenMessage} from '../../maildir/types.js'
import {type LineFeedTable, TABLE_BLOCK} from '../../message/line-feed-table.js'
import {countLineFeeds} from '../../message/line-feeds.js'
import type {PartialRange} from './items.js'
import {partialLength} from './wire-text.js'

/** Blocks that are read at a time. */
const BLOCKS_AT_ONCE = 4

/** What is sent of a file. */
export interface Window {
  /** Stored octet to read from. */
  readonly start: number
  /** Octets of the wire after that which are not sent. */
  readonly skip: number
  /** Octets to send. */
  readonly take: number
}

interface Section {
  readonly opened: OpenMessage
  readonly table: LineFeedTable
  /** Stored octets of the section. */
  readonly start: number
  readonly end: number
}

/** The window of a partial in stored octets `start` to `end` of a message with a table. */
export async function partialWindow(section: Section, partial: PartialRange): Promise<Window> {
  const {table, start, end} = section
  await readBlocks(section, Math.floor(start / TABLE_BLOCK))
  const sectionStart = await wireOf(section, start)
  const from = sectionStart + partial.start
  const isReached = () => table.wireAt(table.blocks) >= from + partial.count
  let hasMore = true
  while (hasMore && !isReached() && (table.blocks + 1) * TABLE_BLOCK <= end) hasMore = await readBlocks(section, table.blocks + 1)
  const length = isReached() ? Number.POSITIVE_INFINITY : (await wireOf(section, end)) - sectionStart
  const block = table.blockOf(from)
  const isInside = block * TABLE_BLOCK >= start
  return {
    start: isInside ? block * TABLE_BLOCK : start,
    skip: from - (isInside ? table.wireAt(block) : sectionStart),
    take: partialLength(length, partial),
  }
}

/** Makes blocks before number `wanted` known, and some more when they are there. False: the file has no more. */
async function readBlocks({opened, table, end}: Section, wanted: number): Promise<boolean> {
  while (table.blocks < wanted) {
    const at = table.blocks * TABLE_BLOCK
    const whole = Math.floor((Math.max(end, at + TABLE_BLOCK) - at) / TABLE_BLOCK)
    const octets = await opened.read(at, at + Math.min(BLOCKS_AT_ONCE, whole) * TABLE_BLOCK)
    if (octets.length < TABLE_BLOCK) return false
    for (let from = 0; from + TABLE_BLOCK <= octets.length; from += TABLE_BLOCK) table.add(octets.subarray(from, from + TABLE_BLOCK))
  }
  return true
}

/** Where a stored octet is on the wire; its block is known, or the next one. */
async function wireOf({opened, table}: Section, stored: number): Promise<number> {
  const block = Math.min(table.blocks, Math.floor(stored / TABLE_BLOCK))
  const from = block * TABLE_BLOCK
  const lineFeeds = stored > from ? countLineFeeds(await opened.read(from, Math.min(stored, from + TABLE_BLOCK))) : 0
  return table.wireAt(block) + stored - from + lineFeeds
}
