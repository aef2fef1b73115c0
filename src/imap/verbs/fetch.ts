import {withReplies} from '../faults.js'
import {readFetchItems} from '../fetch/grammar.js'
import {runFetch} from '../fetch/run-fetch.js'
import {resolveSet} from '../message-set.js'
import {no, ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/**
 * FETCH, UID FETCH: data of messages (RFC 3501 §6.4.5, §6.4.8).
 *
 * Texts are streamed; \Seen is set by what is no PEEK, unless the mailbox is read-only. A message whose file is gone
 * while the client still counts it is answered with a fixed text (`spec/imap.md` §13.2).
 *
 * @throws {BadSyntax} a message number is greater than the number of messages
 * @throws {Fault} a message could not be read; all others were sent
 */
export const fetch = defineVerb({
  name: 'FETCH',
  state: 'selected',
  takesUid: true,
  holdsNumbers: true,
  read(line, {uid}) {
    const set = line.space().messageSet()
    const items = readFetchItems(line.space())
    line.end()
    return {set, items, uid}
  },
  run(context, {set, items, uid}) {
    const unreadable = 'Some messages cannot be read.'
    return withReplies({'no-access': no(unreadable, 'NOPERM'), 'io-error': no(unreadable, 'SERVERBUG')}, async () => {
      await runFetch(context, {numbers: resolveSet(set, context.view, {uid}), items, uid})
      return ok('FETCH completed.')
    })
  },
})
