import {writeNumbers} from '../replies/number-list.js'
import {no, ok} from '../replies/tagged.js'
import {refuseSortCharset} from '../search/charset.js'
import {readKeys} from '../search/grammar.js'
import {searchMessages} from '../search/run-search.js'
import {readSortCriteria} from '../search/sort-keys.js'
import {sortMessages} from '../search/sort-messages.js'
import {defineVerb} from '../verb.js'

/** SORT, UID SORT: the messages that match, in the order of the criteria (RFC 5256 §3). */
export const sort = defineVerb({
  name: 'SORT',
  state: 'selected',
  takesUid: true,
  holdsNumbers: true,
  capability: ['SORT'],
  read(line, {uid}) {
    const criteria = readSortCriteria(line.space())
    const charset = line.space().astring('the name of a charset')
    const key = readKeys(line.space())
    line.end()
    return {criteria, charset, key, uid}
  },
  async run(context, {criteria, charset, key, uid}) {
    const {session, view} = context
    if (session.settings.disableThreadSort) return no('This command is disabled by the system administrator.')
    const refusal = refuseSortCharset(session, charset)
    if (refusal) return refusal
    const numbers = await sortMessages(context, await searchMessages(context, key, charset), criteria)
    await writeNumbers(session.out, 'SORT', uid ? numbers.map((number) => view.uidOf(number)) : numbers)
    return ok('SORT done.')
  },
})
