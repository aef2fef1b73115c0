/** Tells a client what changed in its mailbox (RFC 3501 §7; order of `spec/imap.md` §15). */
import type {View} from '../maildir/types.js'
import {writeFlags} from './replies/flags.js'
import type {Session} from './session.js'

/** `* FLAGS (…)` and `* OK [PERMANENTFLAGS (…)]` with the keywords in use. */
export function writeMailboxFlags(session: Session, view: View): void {
  const {out, settings} = session
  const keywords = view.keywords.map((keyword) => `${keyword} `).join('')
  const any = settings.keywords ? '\\* ' : ''
  out.line(`* FLAGS (${keywords}\\Draft \\Answered \\Flagged \\Deleted \\Seen \\Recent)`)
  if (view.readOnly) out.line('* OK [PERMANENTFLAGS ()] No permanent flags permitted')
  else out.line(`* OK [PERMANENTFLAGS (${keywords}${any}\\Draft \\Answered \\Flagged \\Deleted \\Seen)] Limited`)
  session.announcedKeywords = view.keywords
}

/** A keyword is in use that the client has not been told of. */
function grew({announcedKeywords}: Session, view: View): boolean {
  const known = new Set(announcedKeywords)
  return view.keywords.some((keyword) => !known.has(keyword))
}

/** Before FETCH lines with flags: the keywords in use, if one of them is new to the client. */
export function announceNewKeywords(session: Session, view: View): void {
  if (session.announcedKeywords !== view.keywords && grew(session, view)) writeMailboxFlags(session, view)
}

/** After FETCH lines with flags: the keywords in use, if some are in use no longer. */
export function announceLostKeywords(session: Session, view: View): void {
  const known = session.announcedKeywords
  if (known === view.keywords) return
  if (known.length !== view.keywords.length || grew(session, view)) writeMailboxFlags(session, view)
  else session.announcedKeywords = view.keywords
}

/**
 * Writes what is new to the client. Without `expunges`, gone messages wait (RFC 3501 §7.4.1). undefined: nothing has to be waited for.
 *
 * @throws {Hangup} the client is gone or takes nothing
 */
export function writeUpdates(session: Session, view: View, options: {readonly expunges: boolean}): Promise<void> | undefined {
  if (view.pending) return writePending(session, view, options)
  announceNewKeywords(session, view)
  announceLostKeywords(session, view)
  return undefined
}

async function writePending(session: Session, view: View, options: {readonly expunges: boolean}): Promise<void> {
  const {out} = session
  const updates = view.updates(options)
  announceNewKeywords(session, view)
  for (const update of updates) {
    if (update.kind === 'expunge') out.line(`* ${update.number} EXPUNGE`)
    else if (update.kind === 'exists') out.line(`* ${update.messages} EXISTS`).line(`* ${update.recent} RECENT`)
    else writeFlags(out, view, update.number)
    if (out.full) await out.flush()
  }
  announceLostKeywords(session, view)
}
