import {folderName} from '../../maildir/folder-names.js'
import type {Mailstore, QuotaState} from '../../maildir/types.js'
import {Fault} from '../../support/fault.js'
import {isShared} from '../mailbox-argument.js'
import type {MailboxName} from '../mailbox-name.js'
import type {ReplyWriter} from '../replies/reply-writer.js'
import {no, ok} from '../replies/tagged.js'
import {defineVerb} from '../verb.js'

/** Courier's name for the quota of the account (`spec/imap.md` §18). */
const ACCOUNT_ROOT = 'ROOT'

const kibibytes = (bytes: number): number => Math.ceil(bytes / 1024)

function resources({bytes, messages}: QuotaState): string {
  const list: string[] = []
  if (bytes.limit !== undefined) list.push(`STORAGE ${kibibytes(bytes.used)} ${kibibytes(bytes.limit)}`)
  if (messages.limit !== undefined) list.push(`MESSAGE ${messages.used} ${messages.limit}`)
  return list.join(' ')
}

/** Courier: leaves the parentheses out when there is nothing in them; RFC 2087 §5.1 wants them. */
async function writeQuota(out: ReplyWriter, store: Mailstore, root: string): Promise<void> {
  const state = root === ACCOUNT_ROOT ? await store.quota() : undefined
  out
    .text('* QUOTA ')
    .string(root)
    .line(` (${state ? resources(state) : ''})`)
}

/** The quota root of a mailbox, whether or not it exists. */
function rootOf({decoded}: MailboxName): string | undefined {
  if (decoded === undefined) return undefined
  if (isShared(decoded)) return decoded.startsWith('#') ? 'PUBLIC' : 'SHARED'
  try {
    folderName(decoded)
    return ACCOUNT_ROOT
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

/** GETQUOTAROOT: the quota root of a mailbox and its limits (RFC 2087 §4.3). */
export const getQuotaRoot = defineVerb({
  name: 'GETQUOTAROOT',
  state: 'authenticated',
  capability: ['QUOTA'],
  read(line) {
    const mailbox = line.space().mailbox()
    line.end()
    return {mailbox}
  },
  async run({session, store}, {mailbox}) {
    const root = rootOf(mailbox)
    if (root === undefined) return no('Invalid mailbox name.', 'CANNOT')
    session.out.text('* QUOTAROOT ').string(mailbox.wire).line(` "${root}"`)
    await writeQuota(session.out, store, root)
    return ok('GETQUOTAROOT Ok.')
  },
})

/** GETQUOTA: limits and use of a quota root (RFC 2087 §4.2). Courier: any name is one. */
export const getQuota = defineVerb({
  name: 'GETQUOTA',
  state: 'authenticated',
  read(line) {
    const root = line.space().astring('a quota root')
    line.end()
    return {root}
  },
  async run({session, store}, {root}) {
    await writeQuota(session.out, store, root)
    return ok('GETQUOTA Ok.')
  },
})

/** SETQUOTA: limits are the administrator's (RFC 2087 §4.1). */
export const setQuota = defineVerb({
  name: 'SETQUOTA',
  state: 'authenticated',
  read(line) {
    line.space().astring('a quota root')
    line.space().list((item) => item.atom())
    line.end()
  },
  run: () => no('SETQUOTA No permission.', 'NOPERM'),
})
