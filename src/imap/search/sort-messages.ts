import type {MessageNumber} from '../../maildir/types.js'
import {Pace} from '../../support/pace.js'
import {paced, sortSteps} from '../../support/steps.js'
import type {SelectedContext} from '../session.js'
import {compareValues, type SortCriterion, type SortValues, sortNeed, sortValuesBy} from './sort-keys.js'

interface Sortable {
  readonly number: MessageNumber
  readonly values: SortValues
}

/** The messages in the order of the criteria; what they cannot tell apart in the order of the mailbox (RFC 5256 §3). */
export async function sortMessages(
  {view, session}: SelectedContext,
  numbers: readonly MessageNumber[],
  criteria: readonly SortCriterion[],
): Promise<MessageNumber[]> {
  const pace = new Pace(session.signal)
  const valuesOf = sortValuesBy(criteria)
  const sortables: Sortable[] = []
  for await (const batch of view.metadata(numbers, sortNeed(criteria))) {
    for (const {number, metadata} of batch) {
      sortables.push({number, values: valuesOf(metadata)})
      if (pace.due) await pace.pause()
    }
  }
  const sorted = await paced(
    sortSteps(sortables, (a, b) => compareValues(a.values, b.values, criteria) || a.number - b.number),
    pace,
  )
  return sorted.map(({number}) => number)
}
