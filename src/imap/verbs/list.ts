import type {Mailstore} from '../../maildir/types.js'
import type {Cursor} from '../grammar/cursor.js'
import {type Candidate, foldInbox, listLines} from '../hierarchy.js'
import {decodedName, folderOf} from '../mailbox-argument.js'
import type {MailboxName} from '../mailbox-name.js'
import {no, ok, type Reply} from '../replies/tagged.js'
import type {Session} from '../session.js'
import {defineVerb} from '../verb.js'
import {countWildcards, MAX_WILDCARDS} from '../wildcard.js'

interface ListArguments {
  readonly reference: MailboxName
  readonly pattern: MailboxName
}

/** `reference pattern`. Courier: a list of options may come first; those that we do not know are ignored. */
function readArguments(line: Cursor): ListArguments {
  line.space()
  if (line.peek() === '(') {
    line.list((item) => item.astring('an option'))
    line.space()
  }
  const reference = line.mailbox()
  const pattern = line.space().listMailbox()
  line.end()
  return {reference, pattern}
}

/** Reference and pattern as one pattern; undefined when the reference cannot be a mailbox. */
function effectivePattern({reference, pattern}: ListArguments): string | undefined {
  const below = withoutDot(decodedName(reference))
  const text = decodedName(pattern)
  if (below === '') return withoutDot(text)
  try {
    folderOf({wire: below, decoded: below})
  } catch {
    return undefined
  }
  return withoutDot(`${below}.${text}`)
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

async function list(name: 'LIST' | 'LSUB', session: Session, args: ListArguments, candidates: () => Promise<readonly Candidate[]>) {
  const {out, settings} = session
  const done = ok(`${name} completed`)
  const pattern = effectivePattern(args)
  if (pattern === undefined) return done
  if (countWildcards(pattern) > MAX_WILDCARDS) return no('Invalid argument', 'LIMIT')
  const lines = pattern === '' && args.pattern.wire === '' ? [] : listLines(await candidates(), pattern, settings)
  if (args.pattern.wire === '') {
    // RFC 3501 §6.3.8: an empty pattern asks for the separator and the root of the reference.
    out.line(`* ${name} (${lines[0]?.flags ?? '\\Noselect'}) "." ""`)
    return done
  }
  for (const {flags, name: mailbox} of lines) {
    out.text(`* ${name} (${flags}) "." `).mailbox(mailbox).line('')
    if (out.full) await out.flush()
  }
  return done
}

function folders(store: Mailstore, {settings}: Session): Promise<readonly Candidate[]> {
  return store.folders({marked: settings.checkAllFolders ? 'all' : 'inbox'})
}

/** Subscribed names, with what is known of those that exist. */
async function subscriptions(store: Mailstore, session: Session): Promise<Candidate[]> {
  const marks = new Map((await folders(store, session)).map(({name, marked}) => [name as string, marked]))
  const names = new Set((await store.subscriptions()).map(foldInbox))
  return [...names].filter((name) => !name.startsWith('#')).map((name) => ({name, marked: marks.get(name)}))
}

/** LIST: mailboxes whose name matches a pattern, with CHILDREN flags (RFC 3501 §6.3.8, RFC 3348). */
export const listVerb = defineVerb({
  name: 'LIST',
  state: 'authenticated',
  capability: ['CHILDREN'],
  read: readArguments,
  run: ({session, store}, args): Promise<Reply> => list('LIST', session, args, () => folders(store, session)),
})

/**
 * LSUB: subscribed names that match a pattern; they need not exist (RFC 3501 §6.3.9).
 *
 * Courier: levels of the hierarchy that are not subscribed are listed as \Noselect for `*` too, not only for `%`.
 */
export const lsub = defineVerb({
  name: 'LSUB',
  state: 'authenticated',
  read: readArguments,
  run: ({session, store}, args): Promise<Reply> => list('LSUB', session, args, () => subscriptions(store, session)),
})
