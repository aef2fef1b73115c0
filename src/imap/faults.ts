import {BadSyntax, Fault, type FaultCode} from '../support/fault.js'
import {bad, no, type Reply} from './replies/tagged.js'

/** Text and response code of a NO (RFC 5530 §3), in Courier's words where it has some; verbs that have better ones use those. */
const REPLIES: Record<FaultCode, Reply> = {
  'no-such-mailbox': no('Mailbox does not exist, or must be subscribed to.', 'NONEXISTENT'),
  'no-such-account': no('Mailbox does not exist, or must be subscribed to.', 'NONEXISTENT'),
  'invalid-name': no('Invalid mailbox name.', 'CANNOT'),
  'mailbox-exists': no('Mailbox already exists.', 'ALREADYEXISTS'),
  'mailbox-reserved': no('Reserved folder name.', 'CANNOT'),
  'over-quota': no('You exceeded your mail quota.', 'OVERQUOTA'),
  'no-access': no('Access denied.', 'NOPERM'),
  'no-space': no('No write permission or out of disk space.', 'ALERT'),
  'read-only': no('Current box is selected READ-ONLY.'),
  'too-large': no('The message is too large.', 'LIMIT'),
  busy: no('The mailbox is in use by another program, please try again.', 'INUSE'),
  'bad-configuration': no('The server is not configured for this.', 'CONTACTADMIN'),
  unavailable: no('Temporary problem, please try again later', 'UNAVAILABLE'),
  'io-error': no('The mailbox cannot be read or written.', 'SERVERBUG'),
}

/** The generic text of Courier with what was wrong. */
export function badSyntax({message}: {readonly message: string}): Reply {
  return bad(`Error in IMAP command received by server. ${message}`)
}

/** The reply for what a verb threw; undefined for what is not expected. */
export function replyForError(error: unknown): Reply | undefined {
  if (error instanceof BadSyntax) return badSyntax(error)
  if (error instanceof Fault) return REPLIES[error.code]
  return undefined
}

/** Runs `work`; a fault listed in `replies` becomes that reply instead of the usual one. */
export async function withReplies(replies: Partial<Record<FaultCode, Reply>>, work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    const reply = error instanceof Fault ? replies[error.code] : undefined
    if (!reply) throw error
    return reply
  }
}
