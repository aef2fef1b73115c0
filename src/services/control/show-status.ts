import {withoutControls} from '../../support/printable.js'
import {octetsText, spanText, tableText} from '../table.js'
import {type AskOptions, askAll} from './client.js'
import type {ErrorItem, RoleState} from './inspectable.js'
import type {ServiceState} from './request.js'

export interface ServerStatus {
  readonly version: string
  readonly pid: number
  readonly services: readonly ServiceState[]
  readonly roles: readonly RoleState[]
}

/** Of all servers that run here. @throws {Fault} */
export function askStatus(options: AskOptions): Promise<ServerStatus[]> {
  return askAll<ServerStatus>({request: 'status'}, options)
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

function rolesText(roles: readonly RoleState[], nowMs: number): string {
  const rows = roles.map((role) => [
    role.role,
    String(role.pid),
    spanText(nowMs - role.beganMs),
    String(sum(role.sessions)),
    String(sum(role.logins)),
    String(sum(role.failures)),
    octetsText(role.received),
    octetsText(role.sent),
    octetsText(role.memory.residentBytes),
    `${role.loopDelay.p99} ms`,
    `${role.loopDelay.max} ms`,
  ])
  const head = ['ROLE', 'PID', 'UP', 'SESSIONS', 'LOGINS', 'FAILED', 'RECEIVED', 'SENT', 'MEMORY', 'DELAY p99', 'MAX']
  return tableText(head, rows)
}

function servicesText(services: readonly ServiceState[]): string {
  const rows = services.map(({name, endpoints, maxConnections, maxPerAddress}) => [
    name,
    endpoints.join(', ') || '-',
    String(maxConnections),
    String(maxPerAddress),
  ])
  return tableText(['SERVICE', 'LISTENS ON', 'MAXDAEMONS', 'MAXPERIP'], rows)
}

function errorsText(errors: readonly ErrorItem[], shown: number): string {
  if (errors.length === 0) return 'No warnings or errors.\n'
  const lines = [...errors]
    .sort((a, b) => a.time - b.time)
    .slice(-shown)
    .map(
      ({time, role, level, text}) =>
        `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z  ${withoutControls(`${role}  ${level}  ${text}`)}\n`,
    )
  return `Last warnings and errors:\n${lines.join('')}`
}

/** Errors that are shown to people; `--json` has all that are kept. */
const SHOWN_ERRORS = 10

/** The state for people. */
export function statusText({version, pid, services, roles}: ServerStatus, nowMs: number): string {
  const began = Math.min(...roles.map(({beganMs}) => beganMs))
  const lost = roles.reduce((total, {lostLogLines}) => total + lostLogLines, 0)
  return [
    `Courier for Node ${version}, process ${pid}, up ${spanText(nowMs - began)}\n`,
    servicesText(services),
    rolesText(roles, nowMs),
    `${lost > 0 ? `Lost log lines: ${lost}\n` : ''}${errorsText(
      roles.flatMap(({errors}) => errors),
      SHOWN_ERRORS,
    )}`,
  ].join('\n')
}
