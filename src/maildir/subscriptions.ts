/**
 * `courierimapsubscribed`: the mailboxes that LSUB shows, one name per line in UTF-8 (`spec/maildir.md` §12).
 *
 * Who else touches it: Courier's imapd, without a lock. The file is replaced as a whole; of two changes in the same
 * moment one may be lost, unless both programs hold the INBOX's lock.
 */
import {isUtf8} from 'node:buffer'
import {Fault} from '../support/fault.js'
import {fileFault} from './file-fault.js'
import type {MaildirFiles} from './files.js'
import type {UniqueNames} from './unique-names.js'

const FILE_MAX = 16 * 1024 * 1024
/** Octets of a line that Courier reads in one piece. */
const LINE_MAX = 8190

export interface SubscriptionContext {
  readonly files: MaildirFiles
  readonly names: UniqueNames
}

/** The names subscribed to, as they stand in the file; the mailboxes may not exist. Lines that are no UTF-8 are left out. */
export async function subscriptions(root: string, {files}: Pick<SubscriptionContext, 'files'>): Promise<string[]> {
  const lines = await readLines(root, files)
  return lines.flatMap((line) => {
    const octets = Buffer.from(line, 'latin1')
    return line !== '' && isUtf8(octets) ? [octets.toString('utf8')] : []
  })
}

/** Adds a name; does nothing when it is there. @throws {Fault} `invalid-name` */
export async function subscribe(root: string, name: string, context: SubscriptionContext): Promise<void> {
  const line = lineOf(name)
  const lines = await readLines(root, context.files)
  if (!lines.some((other) => isSameName(other, line))) await writeLines(root, [...lines, line], context)
}

/** Removes a name. Does nothing when it is not there. @throws {Fault} `invalid-name` */
export async function unsubscribe(root: string, name: string, context: SubscriptionContext): Promise<void> {
  const line = lineOf(name)
  const lines = await readLines(root, context.files)
  const others = lines.filter((other) => !isSameName(other, line))
  // Courier: writes the file anew even when nothing was removed.
  if (others.length < lines.length) await writeLines(root, others, context)
}

/** INBOX in any case is the same; all else must be the same octets. */
export function isSameName(a: string, b: string): boolean {
  return isInbox(a) && isInbox(b) ? a.slice(5) === b.slice(5) : a === b
}

function isInbox(name: string): boolean {
  return name.slice(0, 5).toLowerCase() === 'inbox'
}

function lineOf(name: string): string {
  if (name === '' || /[\0\n\r]|\p{Surrogate}/u.test(name) || Buffer.byteLength(name) > LINE_MAX)
    throw new Fault('invalid-name', `"${name.slice(0, 300)}" cannot be subscribed to`)
  return Buffer.from(name, 'utf8').toString('latin1')
}

async function readLines(root: string, files: MaildirFiles): Promise<string[]> {
  try {
    const content = await files.readFile(`${root}/courierimapsubscribed`, FILE_MAX)
    const lines = content?.toString('latin1').split('\n') ?? []
    if (lines.at(-1) === '') lines.pop()
    return lines
  } catch (error) {
    throw fileFault(error, 'Cannot read the subscriptions')
  }
}

async function writeLines(root: string, lines: readonly string[], {files, names}: SubscriptionContext): Promise<void> {
  const temporary = `${root}/tmp/${names.side('imapsubscribe')}`
  const content = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')
  try {
    await files.create(temporary, content, {mode: 0o644, sync: true})
    try {
      await files.rename(temporary, `${root}/courierimapsubscribed`)
    } catch (error) {
      await files.unlink(temporary)
      throw error
    }
    await files.syncDirectory(root)
  } catch (error) {
    throw fileFault(error, 'Cannot write the subscriptions')
  }
}
