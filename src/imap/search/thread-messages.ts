import type {MessageMetadata, MessageNumber} from '../../maildir/types.js'
import {baseSubject} from '../../message/base-subject.js'
import {sentEpoch} from '../../message/date.js'
import {FieldNames, firstValues} from '../../message/field-scan.js'
import {messageIdOf, referencesOf} from '../../message/message-ids.js'
import {type Thread, type ThreadMessage, threadOrderedSubjectSteps} from '../../message/thread.js'
import {threadReferencesSteps} from '../../message/thread-references.js'
import {Pace} from '../../support/pace.js'
import type {Steps} from '../../support/steps.js'
import type {SelectedContext} from '../session.js'

/** The algorithms of RFC 5256 §3, as CAPABILITY names them. */
export const THREAD_ALGORITHMS: Readonly<Record<string, (messages: readonly ThreadMessage[]) => Steps<Thread[]>>> = {
  ORDEREDSUBJECT: threadOrderedSubjectSteps,
  REFERENCES: threadReferencesSteps,
}

/** What THREAD needs to know of the messages; `name` gives the number or the UID to tell. */
export async function threadedMessages(
  {view, session}: SelectedContext,
  numbers: readonly MessageNumber[],
  name: (number: MessageNumber) => number,
): Promise<ThreadMessage[]> {
  const pace = new Pace(session.signal)
  const names = new FieldNames(['subject', 'date', 'message-id', 'references', 'in-reply-to'])
  const messages: ThreadMessage[] = []
  for await (const batch of view.metadata(numbers, 'header')) {
    for (const {number, metadata} of batch) {
      messages.push(threadMessage(name(number), metadata, names))
      if (pace.due) await pace.pause()
    }
  }
  return messages
}

function threadMessage(number: number, metadata: MessageMetadata | undefined, names: FieldNames): ThreadMessage {
  const fields = firstValues(metadata?.header.toString('latin1') ?? '', names)
  const {base, isReply} = baseSubject(fields.get('subject') ?? '')
  return {
    number,
    subject: base,
    isReply,
    sentEpoch: sentEpoch(fields.get('date'), Math.floor((metadata?.internalDateMs ?? 0) / 1000)),
    messageId: messageIdOf(fields.get('message-id')),
    references: referencesOf(fields.get('references'), fields.get('in-reply-to')),
  }
}
