import {octetsText, spanText, tableText} from '../table.js'
import {type AskOptions, askAll} from './client.js'
import type {SessionInfo} from './inspectable.js'

/** The sessions of a server that runs, those of a user or all, by user and then by age. @throws {Fault} */
export async function askSessions(user: string | undefined, options: AskOptions): Promise<readonly SessionInfo[]> {
  const sessions = await askAll<SessionInfo>(user === undefined ? {request: 'who'} : {request: 'who', user}, options)
  return sessions.sort((a, b) => (a.user === b.user ? a.beganMs - b.beganMs : a.user < b.user ? -1 : 1))
}

/** An address as people write it: IPv4 without the prefix that the log has. */
function plainAddress(ip: string): string {
  return ip.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** The sessions for people. */
export function sessionsText(sessions: readonly SessionInfo[], nowMs: number): string {
  if (sessions.length === 0) return 'Nobody is logged in.\n'
  const rows = sessions.map((each) => [
    each.user,
    `${each.protocol}${each.encrypted ? '+TLS' : ''}`,
    plainAddress(each.ip),
    each.folder ?? '-',
    each.command ?? '-',
    spanText(nowMs - each.activeMs),
    spanText(nowMs - each.beganMs),
    octetsText(each.received),
    octetsText(each.sent),
    each.role,
    each.id,
  ])
  const head = ['USER', 'PROTOCOL', 'ADDRESS', 'FOLDER', 'COMMAND', 'IDLE', 'SINCE', 'RECEIVED', 'SENT', 'ROLE', 'ID']
  return tableText(head, rows)
}
