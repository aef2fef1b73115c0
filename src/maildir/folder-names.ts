/**
 * Folder names: decoded text (`INBOX.Entwürfe`) ↔ directory name in octets (`.Entw\xc3\xbcrfe`).
 *
 * Folders lie flat in the Maildir; `.` separates the levels (`spec/maildir.md` §3.1). Names are stored as UTF-8
 * without any escaping or normalisation (§3.2).
 */
import {isUtf8} from 'node:buffer'
import {Fault} from '../support/fault.js'
import type {FolderName} from './types.js'

/** The Maildir itself. */
export const INBOX = 'INBOX' as FolderName

/** Octets that a directory name may have. Courier's limit is the file system's: it counts the whole dotted name. */
const NAME_MAX = 255

/**
 * The name of a personal mailbox: `INBOX` in any case, alone or followed by `.` and the folder.
 *
 * Control characters other than NUL and line ends are let through, so that folders which have them can still be
 * opened, renamed and deleted; `isPrintable` says whether a new one may have the name (`spec/maildir.md` §3.2).
 *
 * @throws {Fault} `invalid-name`
 */
export function folderName(text: string): FolderName {
  const reason = fault(text)
  if (reason) throw new Fault('invalid-name', `Invalid mailbox name "${text.slice(0, 300)}": ${reason}`)
  return (INBOX + text.slice(INBOX.length)) as FolderName
}

function fault(text: string): string | undefined {
  if (!/^inbox(?:\.|$)/i.test(text)) return 'it does not begin with INBOX'
  if (text.includes('/')) return 'it holds "/"'
  if (text.includes('..')) return 'it holds an empty level'
  if (text.endsWith('.')) return 'it ends with "."'
  if (/[\0\r\n]/.test(text)) return 'it holds NUL or a line end'
  if (/\p{Surrogate}/u.test(text)) return 'it is not well-formed Unicode'
  if (text.length > NAME_MAX + INBOX.length || Buffer.byteLength(text) - INBOX.length > NAME_MAX) return 'it is too long'
  return undefined
}

/** The name holds no control characters: what a folder that we make must fulfil. */
export function isPrintable(name: FolderName): boolean {
  return !/[\p{Control}\u2028\u2029]/u.test(name)
}

/** Name of the folder's directory inside the Maildir, in octets; `.` for INBOX. */
export function directoryName(name: FolderName): string {
  return name === INBOX ? '.' : Buffer.from(name.slice(INBOX.length), 'utf8').toString('latin1')
}

/** Path of the folder in octets. `root`: the Maildir. */
export function folderPath(root: string, name: FolderName): string {
  return name === INBOX ? root : `${root}/${directoryName(name)}`
}

/**
 * The folder that a directory entry of the Maildir is; undefined when no client could name it (no leading dot,
 * invalid UTF-8, empty levels): callers skip it and log.
 */
export function folderOfDirectory(entry: string): FolderName | undefined {
  if (entry === '.') return INBOX
  if (!entry.startsWith('.')) return undefined
  const octets = Buffer.from(entry, 'latin1')
  if (!isUtf8(octets)) return undefined
  const text = INBOX + octets.toString('utf8')
  return fault(text) ? undefined : (text as FolderName)
}

/** The folder one level up, whether or not it exists; undefined for INBOX. */
export function parentOf(name: FolderName): FolderName | undefined {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? undefined : (name.slice(0, dot) as FolderName)
}

/** `name` lies below `ancestor`, at any depth. Everything but INBOX lies below INBOX. */
export function isBelow(name: FolderName, ancestor: FolderName): boolean {
  return name.length > ancestor.length && name.startsWith(ancestor) && name[ancestor.length] === '.'
}
