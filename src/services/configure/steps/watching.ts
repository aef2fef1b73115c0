import {readFile} from 'node:fs/promises'
import {atoi} from '../../../config/option.js'
import type {UpgradeStep} from '../step.js'

const WATCHES_PER_MAILBOX = 3
const LIMITS = '/proc/sys/fs/inotify'

/** FAM and Gamin are gone, and IMAP_ENHANCEDIDLE with them. */
export const watching: UpgradeStep = {
  name: 'watching',
  upTo: '5.0.13',
  about: 'Says what became of FAM, Gamin and `IMAP_ENHANCEDIDLE`, and whether the limits of inotify are high enough',
  async run({files, tell}) {
    if (atoi(files.get('imapd')?.value('IMAP_ENHANCEDIDLE') ?? '0') !== 0)
      tell('IMAP_ENHANCEDIDLE is gone: changes are always told at once, by inotify. FAM and Gamin are not needed any more')
    const connections = Math.max(1, atoi(files.get('imapd')?.value('MAXDAEMONS') ?? '40'))
    const needed = connections * WATCHES_PER_MAILBOX
    const limit = Number(await readFile(`${LIMITS}/max_user_watches`, 'latin1').catch(() => ''))
    if (limit > 0 && limit < needed) {
      tell(
        `${connections} connections that watch a mailbox need ${needed} inotify watches, but fs.inotify.max_user_watches is ${limit}: raise it with sysctl. Without, mailboxes are looked at from time to time`,
      )
    }
  },
}
