/** What the configuration says about IMAP sessions (`spec/imap.md` §2). Built in `src/services/` from Courier's files. */
export interface ImapSettings {
  /** Words for CAPABILITY as they are; undefined: what is implemented (`design.md` §5). */
  readonly capability: string | undefined
  /** The same for encrypted connections; undefined: as `capability`, with the AUTH words. */
  readonly capabilityTls: string | undefined
  /** Words to add to and to leave out of the automatic capabilities. */
  readonly capabilityExtra: readonly string[]
  readonly capabilityHide: readonly string[]
  /** SASL mechanisms besides PLAIN and LOGIN that are announced when capabilities are automatic, in clear and encrypted. */
  readonly mechanisms: readonly string[]
  readonly mechanismsTls: readonly string[]
  /** `TLS_EXTERNAL`: field of the client certificate that is the login name, in upper case. */
  readonly certificateField: string | undefined
  /** `IMAP_KEYWORDS` is not 0. */
  readonly keywords: boolean
  /** `IMAP_ID_FIELDS`: bits 1 version, 2 name and 4 release of the system; undefined: no ID. */
  readonly idFields: number | undefined
  /** Version for ID. */
  readonly version: string
  /** `IMAP_TLS_REQUIRED`: no login without encryption. */
  readonly tlsRequired: boolean
  /** `IMAP_DISABLETHREADSORT`. */
  readonly disableThreadSort: boolean
  /** `IMAP_CHECK_ALL_FOLDERS`: \Marked for every folder. */
  readonly checkAllFolders: boolean
  /** `IMAP_OBSOLETE_CLIENT`: \Noinferiors instead of \HasNoChildren. */
  readonly obsoleteClient: boolean
  /** From the command of a failed login to its answer, milliseconds; a check that takes longer is answered at a multiple. Courier waits 5 s. */
  readonly failedLoginMs: number
}

/** Courier's defaults; where its files say something, that counts. */
export const DEFAULT_IMAP_SETTINGS: ImapSettings = {
  capability: undefined,
  capabilityTls: undefined,
  capabilityExtra: [],
  capabilityHide: [],
  mechanisms: [],
  mechanismsTls: [],
  certificateField: undefined,
  keywords: true,
  idFields: undefined,
  version: '',
  tlsRequired: false,
  disableThreadSort: false,
  checkAllFolders: false,
  obsoleteClient: false,
  failedLoginMs: 2_000,
}
