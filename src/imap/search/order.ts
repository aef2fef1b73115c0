import type {Pace} from '../../support/pace.js'
import type {Ranks} from './sort-columns.js'

/** Numbers that are sorted in one go: a few milliseconds. */
const RUN = 32_768

/** Places from 0 in the order of several ranks, the first decides most; what they cannot tell apart in the order of the places. */
export async function orderOf(criteria: readonly Ranks[], count: number, pace: Pace): Promise<number[]> {
  let keys: Float64Array = new Float64Array(count)
  let different = 1
  for (const {ranks, count: more} of criteria) {
    // Products stay whole numbers: ranks of ranks are never more than there are messages.
    if (different * more * count > Number.MAX_SAFE_INTEGER) {
      keys = await dense(keys, pace)
      different = count
    }
    for (let place = 0; place < count; place += 1) keys[place] = (keys[place] ?? 0) * more + (ranks[place] ?? 0)
    different *= more
  }
  if (different * count > Number.MAX_SAFE_INTEGER) keys = await dense(keys, pace)
  for (let place = 0; place < count; place += 1) keys[place] = (keys[place] ?? 0) * count + place
  return Array.from(await sorted(keys, pace), (key) => key % count)
}

/** The rank of each number among all. */
async function dense(numbers: Float64Array, pace: Pace): Promise<Float64Array> {
  const ranks = new Map<number, number>()
  for (const number of await sorted(numbers.slice(), pace)) if (!ranks.has(number)) ranks.set(number, ranks.size)
  return numbers.map((number) => ranks.get(number) ?? 0)
}

/** Sorts numbers, in place as far as they fit into one run. */
async function sorted(numbers: Float64Array, pace: Pace): Promise<Float64Array> {
  let runs: Float64Array[] = []
  for (let at = 0; at < numbers.length; at += RUN) {
    runs.push(numbers.subarray(at, at + RUN).sort())
    if (pace.due) await pace.pause()
  }
  while (runs.length > 1) {
    const merged: Float64Array[] = []
    for (let i = 0; i < runs.length; i += 2) {
      const [left, right] = [runs[i] as Float64Array, runs[i + 1]]
      merged.push(right ? await merge(left, right, pace) : left)
    }
    runs = merged
  }
  return runs[0] ?? numbers
}

async function merge(left: Float64Array, right: Float64Array, pace: Pace): Promise<Float64Array> {
  const all = new Float64Array(left.length + right.length)
  let l = 0
  let r = 0
  for (let at = 0; at < all.length; at += 1) {
    const [a, b] = [left[l] ?? Number.POSITIVE_INFINITY, right[r] ?? Number.POSITIVE_INFINITY]
    if (a <= b) {
      all[at] = a
      l += 1
    } else {
      all[at] = b
      r += 1
    }
    if (at % RUN === 0 && pace.due) await pace.pause()
  }
  return all
}
