/** The arguments of `maildirmake` (`spec/maildir.md` §5): read from left to right, as the original does. Pure. */
import {octetsOf} from './context.js'

export type MaildirMakeRequest =
  | {readonly kind: 'usage'}
  /** A message for standard error. */
  | {readonly kind: 'failure'; readonly message: string}
  | {readonly kind: 'make'; readonly maildir: string; readonly folder: string; readonly modes: Modes; readonly quota: string | undefined}
  | {readonly kind: 'convert'; readonly maildir: string; readonly filter: string | undefined; readonly isCheck: boolean}
  | {readonly kind: 'add'; readonly maildir: string; readonly nick: string; readonly path: string}
  | {readonly kind: 'del'; readonly maildir: string; readonly nick: string}

/** Modes of a maildir's directory, and of those in it. */
export interface Modes {
  readonly outer: number
  readonly inner: number
}

const USAGE = {kind: 'usage'} as const
/** Short options that take a value, which may follow at once: the original compares only their beginning. */
const SHORT = ['-f', '-F', '-s', '-q'] as const

interface Options {
  folder: string | undefined
  access: string | undefined
  isSharable: boolean
  quota: string | undefined
  add: string | undefined
  del: string | undefined
  convert: boolean
  check: boolean
  filter: string | undefined
}

/**
 * What the arguments ask for. Besides those of the original, `--folder`, `--quota`, `--convert`, `--check` and
 * `--filter` are understood, before and after the maildir.
 */
export function maildirMakeRequest(args: readonly string[], env: NodeJS.ProcessEnv): MaildirMakeRequest {
  const options: Options = {
    folder: undefined,
    access: undefined,
    isSharable: false,
    quota: undefined,
    add: undefined,
    del: undefined,
    convert: false,
    check: false,
    filter: undefined,
  }
  const words = [...args]
  let maildir: string | undefined
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (takeLong(word, words, options)) continue
    // Further words after the maildir are ignored.
    if (maildir !== undefined) continue
    if (!word.startsWith('-') || word === '-') maildir = word
    else if (word === '--checkutf8' || word === '--convutf8') return conversion(words, word === '--checkutf8')
    else if (word === '-S') options.isSharable = true
    else if (word === '--add') options.add = words.shift() ?? ''
    else if (word === '--del') options.del = words.shift() ?? ''
    else {
      const answer = takeShort(word, words, options, env)
      if (answer) return answer
    }
  }
  return maildir === undefined ? USAGE : requestOf(octetsOf(maildir), options)
}

function conversion([maildir, filter]: readonly string[], isCheck: boolean): MaildirMakeRequest {
  if (maildir === undefined) return USAGE
  return {kind: 'convert', maildir: octetsOf(maildir), filter: filter === undefined ? undefined : octetsOf(filter), isCheck}
}

function takeLong(word: string, words: string[], options: Options): boolean {
  const [, name, inline] = /^--([a-z]+)(?:=(.*))?$/s.exec(word) ?? []
  const value = () => inline ?? words.shift() ?? ''
  switch (name) {
    case 'folder':
      options.folder = octetsOf(value())
      return true
    case 'quota':
      options.quota = value()
      return true
    case 'filter':
      options.filter = octetsOf(value())
      return true
    case 'convert':
      options.convert = true
      return true
    case 'check':
      options.check = true
      return true
    default:
      return false
  }
}

function takeShort(word: string, words: string[], options: Options, env: NodeJS.ProcessEnv): MaildirMakeRequest | undefined {
  const option = SHORT.find((start) => word.startsWith(start))
  if (!option) return USAGE
  const value = word.length > 2 ? word.slice(2) : (words.shift() ?? '')
  if (option === '-q') options.quota = value
  else if (option === '-s') options.access = value
  else if (option === '-f') options.folder = octetsOf(value)
  else {
    const folder = smapName(value, env)
    if (folder === undefined) return {kind: 'failure', message: octetsOf(`Cannot convert ${value} to maildir encoding\n`)}
    options.folder = folder
  }
  return undefined
}

function requestOf(maildir: string, options: Options): MaildirMakeRequest {
  if (options.convert || options.check) return {kind: 'convert', maildir, filter: options.filter, isCheck: options.check}
  if (options.access !== undefined && !options.folder) return USAGE
  if (options.add !== undefined) return addition(maildir, options.add)
  if (options.del !== undefined) return {kind: 'del', maildir, nick: octetsOf(options.del)}
  const folder = options.folder ?? ''
  return {kind: 'make', maildir, folder, modes: modesOf(options), quota: options.quota}
}

function addition(maildir: string, argument: string): MaildirMakeRequest {
  const equals = argument.indexOf('=')
  if (equals < 0 || argument[equals + 1] !== '/') return USAGE
  return {kind: 'add', maildir, nick: octetsOf(argument.slice(0, equals)), path: octetsOf(argument.slice(equals + 1))}
}

/** Modes by `-S` and `-s` (§5.2): the first letter of each word counts, in their order. */
export function modesOf({folder, access, isSharable}: Pick<Options, 'folder' | 'access' | 'isSharable'>): Modes {
  let mode = isSharable || access !== undefined ? 0o755 : 0o700
  for (const word of access?.split(/[,\s]+/) ?? []) {
    if (word.startsWith('r')) mode = 0o755
    else if (word.startsWith('w')) mode = 0o1777
    else if (word.startsWith('g')) mode &= ~0o007
  }
  return {outer: mode & ~0o022, inner: folder ? mode : 0o700}
}

/**
 * The name of a folder that is one word to SMAP, in octets: what would separate or hide folders is written as `\056`
 * (§3.2). undefined: it is empty or cannot be read in the charset of the environment.
 */
function smapName(name: string, env: NodeJS.ProcessEnv): string | undefined {
  if (name === '' || name.includes('\ufffd')) return undefined
  // Arguments reach us as UTF-8; in any other charset only ASCII means the same.
  if (/[^\0-\x7f]/.test(name) && !/^utf-?8$/i.test(charsetOf(env))) return undefined
  return octetsOf(name).replace(/[\0-\x1f./~:\\]/g, escapeOctet)
}

export function escapeOctet(octet: string): string {
  return `\\${octet.charCodeAt(0).toString(8).padStart(3, '0')}`
}

function charsetOf(env: NodeJS.ProcessEnv): string {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || 'C'
  return env.MM_CHARSET || env.CHARSET || (/\.([^@]+)/.exec(locale)?.[1] ?? 'us-ascii')
}
