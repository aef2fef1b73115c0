import {withReplies} from '../faults.js'
import {folderOf} from '../mailbox-argument.js'
import {resolveSet} from '../message-set.js'
import {no, ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'
import {copyReplies, copyUid, NO_TARGET, readCopy} from './copy.js'

/**
 * MOVE, UID MOVE: copies and expunges as one step; the new UIDs are told before the expunges (RFC 6851 §3, §4.3). Messages that
 * cannot be removed stay where they are, without a copy, and the answer is NO; the others have moved (RFC 6851 §3.3).
 */
export const move = defineVerb({
  name: 'MOVE',
  state: 'selected',
  takesUid: true,
  capability: ['MOVE'],
  read: readCopy,
  run({session, store, view}, {messages, uid, target}) {
    const numbers = resolveSet(messages, view, {uid})
    if (view.readOnly) return no('Current box is selected READ-ONLY.')
    return withReplies(copyReplies('MOVE', target), async () => {
      const folder = folderOf(target)
      if (!(await store.exists(folder))) return NO_TARGET
      const moved = numbers.length === 0 ? undefined : await view.move(numbers, folder)
      const code = moved && copyUid(moved)
      if (code !== undefined) session.out.line(`* OK [${code}] Moved`)
      if (moved?.failure) throw moved.failure
      return ok('MOVE completed.')
    })
  },
})
