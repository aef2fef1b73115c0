import {basename} from 'node:path'
import {FACILITIES, MAIL_FACILITY} from '../../log/syslog-line.js'
import {Fault} from '../../support/fault.js'

export type LoggerVerb = 'start' | 'stop' | 'restart'

/** What courierlogger is asked to do. */
export interface LoggerRequest {
  readonly name: string
  readonly facility: number
  /** Undefined: in the foreground, without a pid file. */
  readonly pidFile: string | undefined
  readonly verb: LoggerVerb | undefined
  readonly respawn: boolean
  readonly user: string | undefined
  readonly group: string | undefined
  /** The program starts without the rights, too. */
  readonly dropsRoot: boolean
  /** Ours: the socket of the system's log. */
  readonly socket: string
  /** Program and arguments; empty: standard input is logged. */
  readonly command: readonly string[]
}

const SYSLOG_SOCKET = '/dev/log'
const VALUED = ['name', 'pid', 'facility', 'user', 'group', 'socket'] as const
const SWITCHES = ['start', 'stop', 'restart', 'respawn', 'droproot'] as const

/** Undefined: usage. @throws {Fault} `bad-configuration` with the original's words (`spec/auth.md` §26.5) */
export function loggerRequest(args: readonly string[]): LoggerRequest | undefined {
  if (args.length === 0) return undefined
  const [only = ''] = args
  // The old form: a name, and lines on standard input.
  const words = args.length === 1 && !only.startsWith('-') ? [`-name=${only}`] : [...args]
  const values = new Map<string, string>()
  const on = new Set<string>()
  while (words[0]?.startsWith('-')) {
    const word = words.shift() ?? ''
    const [, name = '', value] = /^-([a-z]+)(?:=(.+))?$/s.exec(word) ?? []
    const known = value === undefined ? SWITCHES.some((each) => each === name) && !word.includes('=') : VALUED.some((each) => each === name)
    if (!known) throw wrong(`Unknown option '${word}'`)
    if (value === undefined) on.add(name)
    else values.set(name, value)
  }
  const facility = values.get('facility')
  if (facility !== undefined && !Object.hasOwn(FACILITIES, facility)) throw wrong(`Unknown facility name '${facility}'`)
  return complete(values, on, words)
}

function complete(values: ReadonlyMap<string, string>, on: ReadonlySet<string>, command: readonly string[]): LoggerRequest {
  const pidFile = values.get('pid')
  const asked = (['stop', 'restart', 'start'] as const).find((verb) => on.has(verb))
  if (asked && pidFile === undefined) throw wrong('-pid argument required')
  const verb = asked ?? (pidFile === undefined ? undefined : 'start')
  const needsCommand = verb === 'start' || verb === undefined
  const name = values.get('name') ?? (command[0] === undefined ? undefined : basename(command[0]))
  if (needsCommand && name === undefined) throw wrong('-name option required for standalone logger')
  if (verb === 'start' && command.length === 0) throw wrong('-start must be followed by a command to execute')
  return {
    name: name ?? '',
    facility: FACILITIES[values.get('facility') ?? ''] ?? MAIL_FACILITY,
    pidFile,
    verb,
    respawn: on.has('respawn'),
    user: values.get('user'),
    group: values.get('group'),
    dropsRoot: on.has('droproot'),
    socket: values.get('socket') ?? SYSLOG_SOCKET,
    command,
  }
}

function wrong(text: string): Fault {
  return new Fault('bad-configuration', text)
}
