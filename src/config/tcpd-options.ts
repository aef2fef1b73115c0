/** The options of couriertcpd in `TCPDOPTS` (`spec/server-config-tls.md` §1.1). */
import {BadSyntax} from '../support/fault.js'
import {atoi} from './option.js'
import {addressOf} from './port-list.js'
import {shellWords} from './shell-words.js'

/** A list in the DNS (§1.7). */
export interface DnsList {
  readonly kind: 'block' | 'allow'
  readonly zone: string
  /** Name in `VAR_ZONE`. */
  readonly display: string
  /** Variable that a hit sets. */
  readonly variable: string
  /** Only this answer is a hit. */
  readonly address: string | undefined
  /** Text for the variable; `*`: the text of the list. */
  readonly message: string | undefined
}

/** Where a PROXY header is expected (§1.8). */
export interface ProxyPort {
  /** undefined: all ports. */
  readonly port: number | undefined
  /** Local address; undefined: all. */
  readonly address: string | undefined
  readonly timeoutMs: number
}

export interface TcpdOptions {
  /** `-address`; undefined: what ADDRESS says. */
  readonly address?: {readonly value: string | undefined}
  readonly maxDaemons?: number
  readonly maxPerIp?: number
  /** Connections from one network block. */
  readonly maxPerBlock?: number
  readonly warnFrom?: number
  /** Path of a compiled access file. */
  readonly access?: string
  readonly accessLocal: boolean
  readonly denyMessage?: string
  readonly lists: readonly DnsList[]
  /** Variables that drop a connection when they are not empty. */
  readonly drop: readonly string[]
  readonly proxy: readonly ProxyPort[]
  /** Words that do nothing here, with the reason. */
  readonly notes: readonly string[]
}

type Mutable = {-readonly [Name in keyof TcpdOptions]: TcpdOptions[Name]}
type Apply = (options: Mutable, value: string) => void

const DEFAULT_PROXY_SECONDS = 15

function positive(name: string, value: string): number {
  if (atoi(value) > 0) return atoi(value)
  // Courier's word for -maxprocs has a slip, which parsers may know.
  throw new BadSyntax(`Invalid -${name === 'maxprocs' ? 'maxprocsarg' : name} option.`)
}

/** `ZONE[=DISPLAY][,VAR[/A.B.C.D][,MSG]]` */
function dnsList(kind: DnsList['kind'], value: string): DnsList {
  const [head = '', second, ...rest] = value.split(',')
  const [named = '', zoneAddress] = splitOnce(head, '/')
  const [zone = '', display = zone] = splitOnce(named, '=')
  const [variable = '', address] = second === undefined ? ['BLOCK', undefined] : splitOnce(second, '/')
  if (!/^[\w.-]{1,200}$/.test(zone)) throw new BadSyntax(`-${kind}: "${zone}" is no name of a list`)
  return {
    kind,
    zone: zone.replace(/\.$/, ''),
    display,
    variable: variable || 'BLOCK',
    address: address ?? zoneAddress,
    message: rest.length > 0 ? rest.join(',') : undefined,
  }
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

/** `[TIMEOUT][/port=[IP.]PORT]…`; an empty list means all ports (in Courier it does nothing, against its manual). */
function proxyPorts(value: string): ProxyPort[] {
  return value.split(',').map((item) => {
    const [seconds = '', ...facts] = item.split('/')
    const where = facts.find((fact) => fact.startsWith('port='))?.slice('port='.length)
    const dot = where?.lastIndexOf('.') ?? -1
    const port = where === undefined ? undefined : atoi(where.slice(dot + 1))
    if (port !== undefined && (port < 1 || port > 65_535)) throw new BadSyntax(`-haproxy: Invalid port: ${where}`)
    const address = where === undefined || dot < 0 ? undefined : addressOf(where.slice(0, dot))
    return {port, address, timeoutMs: (atoi(seconds) > 0 ? atoi(seconds) : DEFAULT_PROXY_SECONDS) * 1000}
  })
}

const note =
  (reason: string, name: string): Apply =>
  (options, value) => {
    options.notes = [...options.notes, `"-${name}${value === '' ? '' : `=${value}`}" has no effect here, because ${reason}`]
  }

const nothing: Apply = () => undefined

const OPTIONS: Readonly<Record<string, Apply>> = {
  access: (options, value) => {
    options.access = value
  },
  accesslocal: (options) => {
    options.accessLocal = true
  },
  address: (options, value) => {
    if (value === '') throw new BadSyntax('Invalid IP address: ')
    options.address = {value: addressOf(value)}
  },
  allow: (options, value) => {
    options.lists = [...options.lists, dnsList('allow', value)]
  },
  block: (options, value) => {
    options.lists = [...options.lists, dnsList('block', value)]
  },
  denymsg: (options, value) => {
    options.denyMessage = value
  },
  // Courier looks at the first name only.
  drop: (options, value) => {
    options.drop = value === '' ? ['BLOCK'] : value.split(',')
  },
  haproxy: (options, value) => {
    options.proxy = proxyPorts(value)
  },
  listen: (_, value) => void positive('listen', value),
  maxperc: (options, value) => {
    options.maxPerBlock = positive('maxperc', value)
  },
  maxperip: (options, value) => {
    options.maxPerIp = positive('maxperip', value)
  },
  maxprocs: (options, value) => {
    options.maxDaemons = positive('maxprocs', value)
  },
  warn: (options, value) => {
    options.warnFrom = atoi(value)
  },
  group: note('the server has users of its own', 'group'),
  user: note('the server has users of its own', 'user'),
  pid: note('PIDFILE names the file', 'pid'),
  stderr: note('the server writes its log itself', 'stderr'),
  stderrlogger: note('the server writes its log itself', 'stderrlogger'),
  stderrloggername: note('the server writes its log itself', 'stderrloggername'),
  // Names are not looked up, users are not asked for: that is what these two ask for.
  nodnslookup: nothing,
  noidentlookup: nothing,
  proxy: note('it has none in Courier either', 'proxy'),
}

/**
 * Reads `TCPDOPTS`.
 *
 * @throws {BadSyntax} for an option that cannot be read; one that is not known is noted and left out
 */
export function readTcpdOptions(text: string): TcpdOptions {
  const options: Mutable = {accessLocal: false, lists: [], drop: [], proxy: [], notes: []}
  for (const word of shellWords(text)) {
    const [, name = '', value = ''] = /^-([a-z]+)(?:=(.*))?$/s.exec(word) ?? []
    if (!word.startsWith('-')) throw new BadSyntax(`"${word}" is no option: quotes hold words together`)
    const apply = OPTIONS[name]
    if (apply) apply(options, value)
    else options.notes = [...options.notes, `"${word}" is not known and left out`]
  }
  return options
}
