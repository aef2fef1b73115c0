import {withoutControls} from '../../support/printable.js'
import {type AskOptions, ask} from './client.js'
import type {TraceItem} from './inspectable.js'

const ARROWS = {client: '>', server: '<', log: '*'} as const

/** One line of a trace for people: time, session, direction, text. */
export function traceText({time, id, from, text}: TraceItem): string {
  return `${new Date(time).toISOString().slice(11, 23)} ${id || '-'} ${ARROWS[from]} ${withoutControls(text)}\n`
}

/** Calls for each line until the signal ends it. @throws {Fault} */
export async function followTrace(
  {user, contents}: {readonly user: string; readonly contents: boolean},
  options: AskOptions,
  show: (item: TraceItem) => void,
): Promise<void> {
  await ask({request: 'trace', user, contents}, options, (item) => show(item as TraceItem))
}
