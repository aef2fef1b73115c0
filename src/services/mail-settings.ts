import {IMAPD} from '../config/imapd-options.js'
import type {Settings} from '../config/settings.js'

/** What the mail role needs to know. */
export interface MailSettings {
  /** `IMAP_MAILBOX_SANITY_CHECK`: owner and group of the Maildir must be those of the account. */
  readonly checkOwner: boolean
  /** `IMAP_USELOCKS`. */
  readonly useLocks: boolean
  /** `IMAP_KEYWORDS`. */
  readonly keywordsMode: 0 | 1 | 2
  /** `IMAP_TRASHFOLDERNAME`. */
  readonly trashFolder: string
}

export function mailSettings(settings: Settings): MailSettings {
  return {
    checkOwner: settings.get(IMAPD.IMAP_MAILBOX_SANITY_CHECK),
    useLocks: settings.get(IMAPD.IMAP_USELOCKS),
    keywordsMode: settings.get(IMAPD.IMAP_KEYWORDS),
    trashFolder: settings.get(IMAPD.IMAP_TRASHFOLDERNAME),
  }
}
