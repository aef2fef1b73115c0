import type {Pace} from './pace.js'

/** Pure work in small steps: it yields where others may have their turn, and returns its result. */
export type Steps<T> = Generator<void, T, void>

/** Iterations between two yields, where each takes well under a microsecond. */
export const STRIDE = 512

/** Does all steps in one go. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Does the steps and lets others have their turn in between. @throws the reason of the pace's signal */
export async function paced<T>(steps: Steps<T>, pace: Pace): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (pace.due) await pace.pause()
  }
}

/** Sorts as `toSorted` does (stable), in steps: 100,000 elements would keep the loop for a tenth of a second. */
export function* sortSteps<T>(elements: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = []
  for (let at = 0; at < elements.length; at += STRIDE) {
    runs.push(elements.slice(at, at + STRIDE).sort(compare))
    yield
  }
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let i = 0; i < runs.length; i += 2) {
      const [left = [], right] = [runs[i], runs[i + 1]]
      merged.push(right ? yield* mergeSteps(left, right, compare) : left)
    }
    runs = merged
  }
  return runs[0] ?? []
}

function* mergeSteps<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const result: T[] = []
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    // Equal elements keep their order: the left one comes first.
    if (compare(left[i]!, right[j]!) <= 0) result.push(left[i++]!)
    else result.push(right[j++]!)
    if (result.length % STRIDE === 0) yield
  }
  for (; i < left.length; i++) result.push(left[i]!)
  for (; j < right.length; j++) result.push(right[j]!)
  return result
}
