import {Fault} from '../../support/fault.js'

/**
 * The result of `work` if it comes in time.
 *
 * `late` is called when it does not: it ends what the work waits for.
 *
 * @throws {Fault} `unavailable` after `limitMs`
 */
export async function within<T>(work: Promise<T>, limitMs: number, {what, late}: {what: string; late: () => void}): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Fault('unavailable', `${what} did not answer within ${limitMs / 1000} s`))
      late()
    }, limitMs)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
    // What is late may still fail, and nobody waits for it.
    work.catch(() => undefined)
  }
}
