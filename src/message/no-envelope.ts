import type {Envelope} from './structure.js'

/** The envelope of a message without any header. */
export const NO_ENVELOPE: Envelope = {
  date: undefined,
  subject: undefined,
  from: [],
  sender: [],
  replyTo: [],
  to: [],
  cc: [],
  bcc: [],
  inReplyTo: undefined,
  messageId: undefined,
}
