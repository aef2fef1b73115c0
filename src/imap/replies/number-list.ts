import {Pace} from '../../support/pace.js'
import type {ReplyWriter} from './reply-writer.js'

/** Numbers between two looks at the writer. */
const STRIDE = 1_000
/** Written in about a millisecond. */
const MANY = 10_000

/** `* SEARCH 1 2 3`: a word and numbers, each after a space, on one line however long it gets. @throws {Hangup} */
export async function writeNumbers(out: ReplyWriter, word: string, numbers: readonly number[]): Promise<void> {
  const pace = new Pace()
  // Finding them has taken its time too.
  if (numbers.length > MANY) await pace.pause()
  out.text(`* ${word}`)
  for (let at = 0; at < numbers.length; at += STRIDE) {
    out.text(` ${numbers.slice(at, at + STRIDE).join(' ')}`)
    if (out.full) await out.flush()
    if (pace.due) await pace.pause()
  }
  out.text('\r\n')
}
