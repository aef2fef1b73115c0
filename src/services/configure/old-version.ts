/** From which version of Courier-IMAP an installation is, as far as its files show (`spec/server-config-tls.md` §4, §9). */
import type {ConfigurationName} from './configuration-files.js'
import type {OldFile} from './old-file.js'

export type OldFiles = ReadonlyMap<ConfigurationName, OldFile>

/** What a version brought: a block that its files have. */
interface Mark {
  readonly version: string
  readonly file: ConfigurationName
  /** `NAME` or `NAME:version`. */
  readonly block: string
}

const MARKS: readonly Mark[] = [
  {version: '1.3.0', file: 'imapd', block: 'ADDRESS'},
  {version: '2.0.0', file: 'imapd', block: 'SMAP1_CAPABILITY'},
  {version: '4.0.0', file: 'imapd', block: 'IMAP_PROXY'},
  {version: '4.0.4', file: 'imapd', block: 'LOGGEROPTS'},
  {version: '4.1.0', file: 'imapd', block: 'ACL_CAPABILITY'},
  {version: '4.3.1', file: 'imapd', block: 'IMAP_MAILBOX_SANITY_CHECK'},
  {version: '4.4.0', file: 'imapd-ssl', block: 'TLS_EXTERNAL'},
  {version: '4.10.0', file: 'imapd', block: 'IMAP_LOG_DELETIONS'},
  {version: '4.11.0', file: 'imapd-ssl', block: 'TLS_PRIORITY'},
  {version: '4.14.0', file: 'imapd', block: 'ID_FIELDS'},
  {version: '4.15.0', file: 'imapd-ssl', block: 'TLS_DHPARAMS'},
  {version: '4.16.1', file: 'imapd', block: 'ACCESSFILE'},
  {version: '5.0.0', file: 'imapd-ssl', block: 'TLS_CACHE:1'},
  {version: '5.0.1', file: 'imapd-ssl', block: 'TLS_PRIVATE_KEYFILE'},
  {version: '5.1.0', file: 'imapd-ssl', block: 'TLS_ALPN'},
  {version: '5.2.7', file: 'imapd', block: 'TCPDOPTS:1'},
]

/** From here on a setting alone shows it, in files without marks too. */
const SETTINGS_COUNT = '4.0.0'

function has(files: OldFiles, {version, file, block}: Mark): boolean {
  // An interrupted upgrade leaves some of ours beside old ones, which are what counts.
  if (files.get(file)?.isOurs) return false
  if (compareVersions(version, SETTINGS_COUNT) >= 0 && files.get(file)?.value(block) !== undefined) return true
  const lines = files.get(file)?.marked?.lines ?? []
  return lines.some((line) => {
    const label = line.startsWith('##NAME:') ? line.slice('##NAME:'.length).replace(/[ \t]+/g, '') : ''
    return label === block || (!block.includes(':') && label.startsWith(`${block}:`))
  })
}

/** The newest version whose marks the files have: they are from it or from one before the next mark. `0`: from before the format. */
export function oldVersion(files: OldFiles): string {
  return MARKS.findLast((mark) => has(files, mark))?.version ?? '0'
}

/** Below 0 when `one` is the older one. */
export function compareVersions(one: string, other: string): number {
  const [ours, theirs] = [one.split('.').map(Number), other.split('.').map(Number)]
  for (let index = 0; index < Math.max(ours.length, theirs.length); index += 1) {
    const difference = (ours[index] ?? 0) - (theirs[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
