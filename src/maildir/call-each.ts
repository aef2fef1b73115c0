import {performance} from 'node:perf_hooks'
import {setImmediate as nextTurn} from 'node:timers/promises'
import type {LoopCalls} from './loop-calls.js'
import {within} from './working-directory.js'

/** Many calls in a row keep the loop for this long, then others get their turn (`design.md` §4). */
const SLICE_MS = 3
/** To go into a directory and back costs as much as its path does in so many calls. */
const WORTH_GOING = 8

export interface CallEachOptions {
  /** undefined: none of them may run on the loop. */
  readonly calls: LoopCalls | undefined
  /** Where all of the files are: calls on the loop are made from within it. */
  readonly directory?: string | undefined
  /** The call with this number, from 0, on the loop. `prefix`: what has to be put before a name in the directory. */
  readonly now: (place: number, prefix: string) => void
  /** The same by way of the thread pool. */
  readonly later: (place: number) => Promise<unknown>
}

/** So many file calls of a kind; answers with what went wrong, at the place of each: the others are done all the same. */
export async function callEach(count: number, options: CallEachOptions): Promise<readonly (Error | undefined)[]> {
  const failures: (Error | undefined)[] = []
  const {calls, directory, now} = options
  while (failures.length < count && calls?.onLoop) {
    if (failures.length > 0) await nextTurn()
    const slice = (prefix: string) => callSlice(count, failures, {calls, now, prefix})
    if (directory === undefined) slice('')
    else if (count - failures.length < WORTH_GOING) slice(`${directory}/`)
    else within(directory, slice)
  }
  if (failures.length === count) return failures
  // A disk that takes its time is asked for all of the rest at once.
  const rest = Array.from({length: count - failures.length}, (_, at) =>
    options.later(failures.length + at).then(
      () => undefined,
      (error: Error) => error,
    ),
  )
  return [...failures, ...(await Promise.all(rest))]
}

/** Goes on from the last outcome for as long as others can wait. */
function callSlice(
  count: number,
  failures: (Error | undefined)[],
  {calls, now, prefix}: Pick<CallEachOptions, 'now'> & {readonly calls: LoopCalls; readonly prefix: string},
): void {
  const sliceBegan = performance.now()
  for (let began = sliceBegan; began - sliceBegan < SLICE_MS && failures.length < count; ) {
    let failure: Error | undefined
    try {
      now(failures.length, prefix)
    } catch (error) {
      failure = error as Error
    }
    failures.push(failure)
    const ended = performance.now()
    calls.count(began, ended)
    began = ended
  }
}
