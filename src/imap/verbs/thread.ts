import {formatThreadSteps} from '../../message/thread.js'
import {Pace} from '../../support/pace.js'
import {paced} from '../../support/steps.js'
import {no, ok} from '../replies/tagged.js'
import {refuseSortCharset} from '../search/charset.js'
import {readKeys} from '../search/grammar.js'
import {searchMessages} from '../search/run-search.js'
import {THREAD_ALGORITHMS, threadMessages} from '../search/thread-messages.js'
import {defineVerb} from '../verb.js'

/** THREAD, UID THREAD: the messages that match, as conversations (RFC 5256 §3). */
export const thread = defineVerb({
  name: 'THREAD',
  state: 'selected',
  takesUid: true,
  holdsNumbers: true,
  capability: ['THREAD=ORDEREDSUBJECT', 'THREAD=REFERENCES'],
  read(line, {uid}) {
    const mark = line.space().mark()
    const algorithm = THREAD_ALGORITHMS[line.word('a threading algorithm')]
    if (!algorithm) {
      line.back(mark)
      throw line.expected('ORDEREDSUBJECT or REFERENCES')
    }
    const charset = line.space().astring('the name of a charset')
    const key = readKeys(line.space())
    line.end()
    return {algorithm, charset, key, uid}
  },
  async run(context, {algorithm, charset, key, uid}) {
    const {session, view} = context
    if (session.settings.disableThreadSort) return no('This command is disabled by the system administrator.')
    const refusal = refuseSortCharset(session, charset)
    if (refusal) return refusal
    const numbers = await searchMessages(context, key, charset)
    const found = await threadMessages(context, numbers, algorithm)
    // Courier: the space after THREAD is there without threads too; RFC 5256 §5 leaves it out.
    const threads = await paced(
      formatThreadSteps(found, uid ? numbers.map((number) => view.uidOf(number)) : numbers),
      new Pace(session.signal),
    )
    session.out.line(threads === '' ? '* THREAD' : `* THREAD ${threads}`)
    return ok('THREAD done.')
  },
})
