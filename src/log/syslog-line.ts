/** Courier's lines as courierlogger hands them to syslog (`spec/server-config-tls.md` §1.10). */

/** Facilities by their names (syslog(3)). */
export const FACILITIES: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  security: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
}

export const MAIL_FACILITY = 2

const INFO = 6
const PRIORITIES: Readonly<Record<string, number>> = {ALERT: 1, CRIT: 2, ERR: 3, WARN: 4, INFO, DEBUG: 7}
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Priority and text of a line: a prefix says the priority and is left out. `NOTICE:` is none, as in the original. */
function parted(line: string): {readonly priority: number; readonly text: string} {
  const [whole = '', word = ''] = /^(ALERT|CRIT|ERR|WARN|INFO|DEBUG): */.exec(line) ?? []
  return {priority: PRIORITIES[word] ?? INFO, text: line.slice(whole.length)}
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** `Nov  7 20:09:08`, local time (RFC 3164 §4.1.2). */
function timestamp(time: Date): string {
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  return `${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2)} ${clock}`
}

export interface SyslogLineOptions {
  /** The name before the line. */
  readonly name: string
  readonly facility: number
  readonly time: Date
}

/** One datagram for `/dev/log`, in the form that the C library's syslog(3) sends. Courier gives no process id. */
export function syslogLine(line: string, {name, facility, time}: SyslogLineOptions): string {
  const {priority, text} = parted(line)
  return `<${facility * 8 + priority}>${timestamp(time)} ${name}: ${text}`
}
