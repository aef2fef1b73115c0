import type {Pace} from './pace.js'

/** Elements that are sorted in one go. */
const RUN = 1_024
/** Elements that are merged between two looks at the clock. */
const STRIDE = 512

/**
 * Sorts as `toSorted` does (stable), but lets others have their turn: 100,000 elements keep the loop for a tenth of a
 * second otherwise.
 */
export async function pacedSort<T>(elements: readonly T[], compare: (a: T, b: T) => number, pace: Pace): Promise<T[]> {
  let runs: T[][] = []
  for (let at = 0; at < elements.length; at += RUN) {
    runs.push(elements.slice(at, at + RUN).sort(compare))
    if (pace.due) await pace.pause()
  }
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let i = 0; i < runs.length; i += 2) {
      const [left = [], right] = [runs[i], runs[i + 1]]
      merged.push(right ? await merge(left, right, compare, pace) : left)
    }
    runs = merged
  }
  return runs[0] ?? []
}

async function merge<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number, pace: Pace): Promise<T[]> {
  const result: T[] = []
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    // Equal elements keep their order: the left one comes first.
    if (compare(left[i]!, right[j]!) <= 0) result.push(left[i++]!)
    else result.push(right[j++]!)
    if (result.length % STRIDE === 0 && pace.due) await pace.pause()
  }
  for (; i < left.length; i++) result.push(left[i]!)
  for (; j < right.length; j++) result.push(right[j]!)
  return result
}
