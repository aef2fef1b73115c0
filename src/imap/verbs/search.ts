import {writeNumbers} from '../replies/number-list.js'
import {ok} from '../replies/tagged.js'
import {refuseSearchCharset} from '../search/charset.js'
import {readSearch} from '../search/grammar.js'
import {searchMessages} from '../search/run-search.js'
import {defineVerb} from '../verb.js'

/**
 * SEARCH, UID SEARCH: numbers or UIDs of the messages that match, ascending, in one line (RFC 3501 §6.4.4, §6.4.8).
 *
 * Strings are in the named charset, else in UTF-8; `NO [BADCHARSET]` for one that is not known.
 */
export const search = defineVerb({
  name: 'SEARCH',
  state: 'selected',
  takesUid: true,
  holdsNumbers: true,
  read(line, {uid}) {
    const {charset, key} = readSearch(line.space())
    line.end()
    return {charset, key, uid}
  },
  async run(context, {charset, key, uid}) {
    const {session, view} = context
    const refusal = refuseSearchCharset(session, charset)
    if (refusal) return refusal
    const numbers = await searchMessages(context, key, session.utf8 ? 'utf-8' : charset)
    await writeNumbers(session.out, 'SEARCH', uid ? numbers.map((number) => view.uidOf(number)) : numbers)
    return ok('SEARCH done.')
  },
})
