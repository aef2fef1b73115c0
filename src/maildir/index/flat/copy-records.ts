import {Pace} from '../../../support/pace.js'
import {paced, sortSteps} from '../../../support/steps.js'
import {Slab} from '../slab.js'
import type {RecordPlace, RecordsFile} from './records-file.js'

const COPIED_AT_ONCE = 200

/** Copies records from one file to another, in turn with other work. Answers where each lies then, by its place before. */
export async function copyRecords(
  places: readonly RecordPlace[],
  {from, to}: {readonly from: RecordsFile; readonly to: RecordsFile},
): Promise<ReadonlyMap<number, number>> {
  const pace = new Pace()
  const slab = new Slab()
  const moved = new Map<number, number>()
  const inOrder = await paced(
    sortSteps(places, (a, b) => a.offset - b.offset),
    pace,
  )
  for (let at = 0; at < inOrder.length; at += COPIED_AT_ONCE) {
    const batch = inOrder.slice(at, at + COPIED_AT_ONCE)
    for (const [place, payload] of from.read(batch, slab).entries()) {
      if (!payload) continue
      const {offset} = to.append((out) => out.raw(payload))
      moved.set(batch[place]?.offset ?? 0, offset)
    }
    if (to.isFull) to.flush()
    if (pace.due) await pace.pause()
  }
  to.flush()
  return moved
}
