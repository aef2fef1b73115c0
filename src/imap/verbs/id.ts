import {release, type} from 'node:os'
import {badSyntax} from '../faults.js'
import type {Cursor} from '../grammar/cursor.js'
import {ok} from '../replies/tagged.js'
import type {ImapSettings} from '../settings.js'
import {defineVerb} from '../verb.js'

/** Pairs that a client may send (RFC 2971 §3.3). */
const MAX_PAIRS = 30

type Pair = readonly [name: string, value: string]

/** Courier shows NIL as `(nil)` in its log. */
function readPairs(line: Cursor): Pair[] {
  const strings = line.list((item) => item.nstring())
  if (strings.length % 2 === 1 || strings.length > 2 * MAX_PAIRS) throw line.expected(`at most ${MAX_PAIRS} pairs of strings`)
  const pairs: Pair[] = []
  for (let i = 0; i < strings.length; i += 2) {
    const name = strings[i]
    if (name === undefined) throw line.expected('a name for each value')
    pairs.push([name, strings[i + 1] ?? '(nil)'])
  }
  return pairs
}

/** What we say of ourselves; bits of `IMAP_ID_FIELDS`: 1 version, 2 name and 4 release of the system. */
function ourPairs({version}: ImapSettings, fields: number): Pair[] {
  const pairs: Pair[] = [['name', 'Courier-IMAP']]
  if (fields & 1) pairs.push(['version', version])
  if (fields & 2) pairs.push(['os', type()])
  if (fields & 4) pairs.push(['os-version', release()])
  pairs.push(['vendor', 'Courier for Node'])
  return pairs
}

/** ID: tells who we are and logs who the client is (RFC 2971 §3.1), when `IMAP_ID_FIELDS` is set. */
export const id = defineVerb({
  name: 'ID',
  state: 'any',
  read(line) {
    line.space()
    const pairs = line.nil() ? [] : readPairs(line)
    line.end()
    return {pairs}
  },
  run({session}, {pairs}) {
    const {out, settings, log, client} = session
    if (settings.idFields === undefined) return badSyntax({message: 'ID is not enabled'})
    log.info('imap.id', {...client, pairs})
    out.text('* ID (')
    ourPairs(settings, settings.idFields).forEach(([name, value], i) => {
      out
        .text(i === 0 ? '' : ' ')
        .string(name)
        .text(' ')
        .string(value)
    })
    out.line(')')
    return ok('ID completed')
  },
})
