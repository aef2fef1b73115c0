import {inspect} from 'node:util'
import type {LogFacts, LogLevel} from './log.js'
import {serviceOf} from './service-log.js'

/** Longest string of a fact; a client can make one as long as a command. */
const MAX_TEXT = 4096

function shortened(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)}…` : value
}

/** One event as a JSON object on one line: `time`, `level`, `event` and its facts. */
export function jsonLine(level: LogLevel, event: string, {facts, time}: {readonly facts: LogFacts; readonly time: Date}): string {
  const {error, ...rest} = facts
  const shown = error === undefined ? {} : {error: inspect(error, {depth: 3}).slice(0, MAX_TEXT * 4)}
  const pairs = rest.pairs ? {pairs: Object.fromEntries(rest.pairs)} : {}
  return JSON.stringify(
    {time: time.toISOString(), level, service: serviceOf(event, facts), event, ...rest, ...pairs, ...shown},
    (key, value) => (key === 'error' ? value : shortened(key, value)),
  )
}
