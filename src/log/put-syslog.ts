import type {PutEvent} from './event-log.js'
import type {SyslogIdentity} from './logger-options.js'
import {type LogService, serviceOf} from './service-log.js'
import {syslogLine} from './syslog-line.js'
import {textLines} from './text-line.js'

export interface PutSyslogOptions {
  readonly send: (line: string) => void
  readonly identityOf: (service: LogService) => SyslogIdentity
  readonly now: () => Date
}

/** Hands the lines of each event on in syslog's form, under the name of the service that it is about. */
export function putSyslog({send, identityOf, now}: PutSyslogOptions): PutEvent {
  return (level, event, facts) => {
    const identity = identityOf(serviceOf(event, facts))
    const time = now()
    for (const line of textLines(level, event, facts)) send(syslogLine(line, {...identity, time}))
  }
}
