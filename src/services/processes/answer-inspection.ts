import process from 'node:process'
import type {Inspectable, TraceItem, TraceSink} from '../control/inspectable.js'
import {type Inspection, type InspectionAnswer, isInspection} from './inspection.js'

/** Lines of traces that may be on their way to a supervisor that is slow. */
const MAX_ON_THE_WAY = 1_000

export type Say = (answer: InspectionAnswer, sent?: () => void) => void

/** Hands lines on as long as the supervisor takes them; says how many it missed. */
function boundedSink(request: number, say: Say): TraceSink {
  let onTheWay = 0
  let dropped = 0
  const put = (item: TraceItem) => {
    onTheWay += 1
    say({kind: 'inspected', request, traced: item}, () => {
      onTheWay -= 1
    })
  }
  return (item) => {
    if (onTheWay >= MAX_ON_THE_WAY) {
      dropped += 1
      return
    }
    if (dropped > 0) put({time: item.time, id: '', from: 'log', text: `[${dropped} lines were too fast and are not shown]`})
    dropped = 0
    put(item)
  }
}

/** Answers the supervisor's questions about this process. */
export function inspectionDesk(inspector: Inspectable, say: Say): (question: Inspection) => Promise<void> {
  const traces = new Map<number, () => void>()
  return async (question) => {
    const {request} = question
    const answer = (rest: Omit<InspectionAnswer, 'kind' | 'request'>) => say({kind: 'inspected', request, ...rest})
    if (question.what === 'sessions') {
      for await (const sessions of inspector.sessions()) answer({sessions, more: true})
      answer({})
    } else if (question.what === 'states') answer({states: await inspector.states()})
    else if (question.what === 'life') answer({})
    else if (question.what === 'kick') answer({kicked: await inspector.kick(question.filter)})
    else if (question.what === 'trace') traces.set(request, inspector.trace(question.trace, boundedSink(request, say)))
    else {
      traces.get(request)?.()
      traces.delete(request)
    }
  }
}

/** Answers from now on. */
export function answerInspection(inspector: Inspectable, say: Say): void {
  const answer = inspectionDesk(inspector, say)
  process.on('message', (message) => {
    if (isInspection(message)) void answer(message)
  })
}
