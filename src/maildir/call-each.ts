import {performance} from 'node:perf_hooks'
import {setImmediate as nextTurn} from 'node:timers/promises'
import type {LoopCalls} from './loop-calls.js'
import {within} from './working-directory.js'

/** Many calls in a row keep the loop for this long, then others get their turn (`design.md` §4). */
const SLICE_MS = 3

export interface CallEachOptions<T> {
  /** undefined: none of them may run on the loop. */
  readonly calls: LoopCalls | undefined
  /** Where all of the items are: calls on the loop are made from within it. */
  readonly directory?: string | undefined
  /** The call on the loop. `prefix`: what has to be put before a name in the directory. */
  readonly now: (item: T, prefix: string) => void
  /** The same by way of the thread pool. */
  readonly later: (item: T) => Promise<unknown>
}

/** The same file call for each item; answers with what went wrong, at the place of each item: the others are done all the same. */
export async function callEach<T>(items: readonly T[], options: CallEachOptions<T>): Promise<readonly (Error | undefined)[]> {
  const failures: (Error | undefined)[] = []
  const {calls, directory, now} = options
  while (failures.length < items.length && calls?.onLoop) {
    if (failures.length > 0) await nextTurn()
    const slice = (prefix: string) => callSlice(items, failures, {calls, now, prefix})
    if (directory === undefined) slice('')
    else within(directory, slice)
  }
  if (failures.length === items.length) return failures
  // A disk that takes its time is asked for all of the rest at once.
  const rest = items.slice(failures.length).map((item) =>
    options.later(item).then(
      () => undefined,
      (error: Error) => error,
    ),
  )
  return [...failures, ...(await Promise.all(rest))]
}

/** Goes on from the last outcome for as long as others can wait. */
function callSlice<T>(
  items: readonly T[],
  failures: (Error | undefined)[],
  {calls, now, prefix}: Pick<CallEachOptions<T>, 'now'> & {readonly calls: LoopCalls; readonly prefix: string},
): void {
  const sliceBegan = performance.now()
  for (let began = sliceBegan; began - sliceBegan < SLICE_MS && failures.length < items.length; ) {
    let failure: Error | undefined
    try {
      now(items[failures.length] as T, prefix)
    } catch (error) {
      failure = error as Error
    }
    failures.push(failure)
    const ended = performance.now()
    calls.count(began, ended)
    began = ended
  }
}
