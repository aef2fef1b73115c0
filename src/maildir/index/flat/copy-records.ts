import {Pace} from '../../../support/pace.js'
import {Slab} from '../slab.js'
import type {RecordPlace, RecordsFile} from './records-file.js'

const COPIED_AT_ONCE = 200

/** Copies records from one file to another, in turn with other work. Answers where each lies then, by its place before. */
export async function copyRecords(
  places: readonly RecordPlace[],
  {from, to}: {readonly from: RecordsFile; readonly to: RecordsFile},
): Promise<ReadonlyMap<number, RecordPlace>> {
  const pace = new Pace()
  const slab = new Slab()
  const moved = new Map<number, RecordPlace>()
  const inOrder = places.filter(({length}) => length > 0).sort((a, b) => a.offset - b.offset)
  for (let at = 0; at < inOrder.length; at += COPIED_AT_ONCE) {
    const batch = inOrder.slice(at, at + COPIED_AT_ONCE)
    for (const [place, payload] of from.read(batch, slab).entries()) {
      if (payload)
        moved.set(
          batch[place]?.offset ?? 0,
          to.append((out) => out.raw(payload)),
        )
    }
    if (to.isFull) to.flush()
    if (pace.due) await pace.pause()
  }
  to.flush()
  return moved
}
