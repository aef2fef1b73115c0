import type {Column, MessageMetadata, MessageNumber, Recipe} from '../../maildir/types.js'
import {baseSubject} from '../../message/base-subject.js'
import {sentEpoch} from '../../message/date.js'
import {FieldNames} from '../../message/field-scan.js'
import {messageIdOf, referencesOf} from '../../message/message-ids.js'
import {detached, detachedTogether} from '../../message/octets.js'
import {type Thread, type ThreadMessage, threadOrderedSubjectSteps} from '../../message/thread.js'
import {threadReferencesSteps} from '../../message/thread-references.js'
import {Pace} from '../../support/pace.js'
import {STRIDE, type Steps} from '../../support/steps.js'
import type {SelectedContext} from '../session.js'
import {arrivalOf} from './sort-columns.js'

/** What is known of a message without its number. */
type ThreadFacts = Omit<ThreadMessage, 'number'>

/** Makes threads of messages by their places from 0. */
export type ThreadAlgorithm = Recipe<ThreadFacts, Thread[]>

/** The algorithms of RFC 5256 §3, as CAPABILITY names them. */
export const THREAD_ALGORITHMS: Readonly<Record<string, ThreadAlgorithm>> = {
  ORDEREDSUBJECT: (values) => threadsOf(values, threadOrderedSubjectSteps),
  REFERENCES: (values) => threadsOf(values, threadReferencesSteps),
}

const FIELDS = new FieldNames(['subject', 'date', 'message-id', 'references', 'in-reply-to'])
/** Of an object with its strings. */
const FACTS_OCTETS = 160

const THREAD_FACTS: Column<ThreadFacts> = {
  need: 'header',
  of: (metadata) => factsOf(FIELDS.values(metadata.header), metadata),
  octets: ({subject, messageId = '', references}) =>
    references.reduce((sum, id) => sum + id.length + 24, FACTS_OCTETS + subject.length + messageId.length),
}

/** A message that is gone: no header, and it came first. */
const GONE = factsOf([], undefined)

/** `values`: of `FIELDS`. */
function factsOf(values: readonly (string | undefined)[], metadata: MessageMetadata | undefined): ThreadFacts {
  const [subject, date, id, refersTo, inReplyTo] = values
  const {base, isReply} = baseSubject(subject ?? '')
  const messageId = messageIdOf(id)
  const [ownId, ...references] = detachedTogether([messageId ?? '', ...referencesOf(refersTo, inReplyTo)])
  return {
    subject: detached(base),
    isReply,
    sentEpoch: sentEpoch(date, metadata ? arrivalOf(metadata) : 0),
    messageId: messageId && ownId,
    references,
  }
}

function* threadsOf(
  values: readonly (ThreadFacts | undefined)[],
  steps: (messages: readonly ThreadMessage[]) => Steps<Thread[]>,
): Steps<Thread[]> {
  const messages: ThreadMessage[] = []
  for (const [number, facts] of values.entries()) {
    messages.push({number, ...(facts ?? GONE)})
    if (number % STRIDE === 0) yield
  }
  return yield* steps(messages)
}

/** The threads of messages; each message is told by its place in `numbers`. */
export async function threadMessages(
  {view, session}: SelectedContext,
  numbers: readonly MessageNumber[],
  algorithm: ThreadAlgorithm,
): Promise<Thread[]> {
  return (await view.values(THREAD_FACTS, numbers)).derive(algorithm, new Pace(session.signal))
}
