import type {MessageNumber} from '../../maildir/types.js'
import {Pace} from '../../support/pace.js'
import {STRIDE} from '../../support/steps.js'
import type {SelectedContext} from '../session.js'
import {orderOf} from './order.js'
import {type Ranks, SORT_COLUMNS} from './sort-columns.js'
import type {SortCriterion} from './sort-keys.js'

/** The messages in the order of the criteria; what they cannot tell apart in the order of the mailbox (RFC 5256 §3). */
export async function sortMessages(
  {view, session}: SelectedContext,
  numbers: readonly MessageNumber[],
  criteria: readonly SortCriterion[],
): Promise<MessageNumber[]> {
  const pace = new Pace(session.signal)
  const all: Ranks[] = []
  for (const {key, reverse} of criteria) {
    const column = SORT_COLUMNS[key]
    const {ranks, count} = await (await view.values(column, numbers)).derive(column.ranks, pace)
    all.push({ranks: reverse ? ranks.map((rank) => count - 1 - rank) : ranks, count})
    if (pace.due) await pace.pause()
  }
  const order = await orderOf(all, numbers.length, pace)
  const sorted: MessageNumber[] = []
  for (let at = 0; at < order.length; at += STRIDE) {
    for (const place of order.subarray(at, at + STRIDE)) sorted.push(numbers[place] as MessageNumber)
    if (pace.due) await pace.pause()
  }
  return sorted
}
