/** Lines and data of a request, once they are complete. Pure; octets are characters. */
import {Secret} from '../../log/secret.js'
import {DAEMON_LIMITS} from './limits.js'
import type {DaemonRequest} from './request.js'

/** A line without its line feed: metadata, a whole request, an AUTH whose data follows, or nothing that gets an answer. */
export type RequestLine =
  | {readonly kind: 'metadata'; readonly name: string; readonly value: string}
  | {readonly kind: 'request'; readonly request: DaemonRequest}
  | {readonly kind: 'data-follows'; readonly octets: number}
  | {readonly kind: 'invalid'}

const INVALID: RequestLine = {kind: 'invalid'}

/** Reads a line of a request (`spec/auth.md` §12). Lines with NUL get no answer: the original takes it for their end. */
export function parseRequestLine(line: string, remote: string): RequestLine {
  if (line.includes('\0')) return INVALID
  const mark = /[ =]/.exec(line)
  if (mark?.[0] === '=') return {kind: 'metadata', name: line.slice(0, mark.index), value: line.slice(mark.index + 1)}
  const command = mark ? line.slice(0, mark.index) : line
  const argument = mark ? line.slice(mark.index).replace(/^ +/, '') : ''
  switch (command) {
    case 'AUTH':
      return dataLength(argument)
    case 'PRE':
      return parseLookUp(argument, remote)
    case 'PASSWD':
      return parsePassword(argument, remote)
    case 'ENUMERATE':
      return {kind: 'request', request: {command: 'ENUMERATE'}}
    default:
      return INVALID
  }
}

/** Leading digits as atoi reads them: what is no number counts as 0. */
function dataLength(argument: string): RequestLine {
  const octets = Number(/^[ \t\v\f\r]*([+-]?\d+)/.exec(argument)?.[1] ?? 0)
  return octets >= 0 && octets <= DAEMON_LIMITS.dataOctets ? {kind: 'data-follows', octets} : INVALID
}

/** `MODULE SERVICE USER`: the user is the rest of the line, with its blanks. */
function parseLookUp(argument: string, remote: string): RequestLine {
  const parts = /^([^ ]+) +([^ ]+) +(.*)$/s.exec(argument)
  if (!parts) return INVALID
  const [, module = '', service = '', user = ''] = parts
  return {kind: 'request', request: {command: 'PRE', module: module === '.' ? undefined : module, service, user, remote}}
}

/** `SERVICE TAB USER TAB OLD TAB NEW`; what comes after a further TAB is ignored. */
function parsePassword(argument: string, remote: string): RequestLine {
  const [service, user, oldPassword, newPassword] = argument.split('\t', 5)
  if (/[^\t\x20-\xff]/.test(argument)) return {kind: 'request', request: {command: 'refused'}}
  if (service === undefined || user === undefined || oldPassword === undefined || newPassword === undefined) return INVALID
  const request = {
    command: 'PASSWD',
    service,
    user,
    oldPassword: new Secret(oldPassword),
    newPassword: new Secret(newPassword),
    remote,
  } as const
  return {kind: 'request', request}
}

/** `SERVICE LF AUTHTYPE LF DATA`; undefined when it gets no answer. */
export function parseAuthData(data: string, remote: string): DaemonRequest | undefined {
  if (data.includes('\0')) return undefined
  const service = data.indexOf('\n')
  const authType = service < 0 ? -1 : data.indexOf('\n', service + 1)
  if (authType < 0) return undefined
  return {
    command: 'AUTH',
    service: data.slice(0, service),
    authType: data.slice(service + 1, authType),
    data: new Secret(data.slice(authType + 1)),
    remote,
  }
}

/**
 * The first two lines of the data of AUTH: name and password, or challenge and response; undefined when one is empty. The last
 * line feed may be missing, further lines are ignored.
 *
 * Courier: skips empty lines before each of them (`spec/auth.md` §12.2); here a name or password is never empty.
 */
export function twoLines(data: string): readonly [string, string] | undefined {
  const [first, second] = data.split('\n', 2)
  return first && second ? [first, second] : undefined
}
