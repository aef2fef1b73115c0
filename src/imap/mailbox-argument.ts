/** From the name that a client typed to a mailbox of the store. */
import {folderName, isPrintable} from '../maildir/folder-names.js'
import type {FolderName} from '../maildir/types.js'
import {BadSyntax, Fault} from '../support/fault.js'
import type {MailboxName} from './mailbox-name.js'

/** The decoded name. Courier: a broken encoding is a syntax error. @throws {BadSyntax} */
export function decodedName({decoded}: MailboxName): string {
  if (decoded === undefined) throw new BadSyntax('The encoding of the mailbox name is broken')
  return decoded
}

/**
 * The personal mailbox of that name, whether or not it exists.
 *
 * @throws {BadSyntax} the encoding is broken
 * @throws {Fault} `invalid-name`
 */
export function folderOf(name: MailboxName): FolderName {
  return folderName(decodedName(name))
}

/**
 * The name for a mailbox to be made.
 *
 * Without UTF-8 mode there is no character above U+FFFF in it, because Courier cannot show such a folder to a session
 * that has not enabled UTF-8 and ends (`spec/maildir.md` §3.2).
 *
 * @throws {BadSyntax} the encoding is broken
 * @throws {Fault} `invalid-name`
 */
export function newFolderOf(name: MailboxName, {utf8}: {readonly utf8: boolean}): FolderName {
  const folder = folderOf(name)
  if (!isPrintable(folder)) throw new Fault('invalid-name', 'A mailbox name must not hold control characters')
  if (!utf8 && /[\u{10000}-\u{10ffff}]/u.test(folder)) throw new Fault('invalid-name', 'Only UTF8=ACCEPT allows this character')
  return folder
}

/** The name without dots at its end, and whether there were some: clients mark a level of the hierarchy so. */
export function withoutTrailingDots(name: MailboxName): {readonly name: MailboxName; readonly dots: boolean} {
  const {wire, decoded} = name
  if (!wire.endsWith('.')) return {name, dots: false}
  const strip = (text: string): string => {
    let end = text.length
    while (text[end - 1] === '.') end--
    return text.slice(0, end)
  }
  return {name: {wire: strip(wire), decoded: decoded === undefined ? undefined : strip(decoded)}, dots: true}
}

/** The name lies in one of the shared name spaces (`spec/imap.md` §5.1). */
export function isShared(decoded: string): boolean {
  return /^(?:shared(?:\.|$)|#shared\.)/.test(decoded)
}
