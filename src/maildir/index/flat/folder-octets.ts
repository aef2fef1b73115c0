/** Parts of `view` and `log` that both have. */
import type {FileFacts} from '../../files.js'
import type {FolderIdentity} from '../../folder/identity.js'
import type {OctetReader, OctetWriter} from './octets.js'

const KINDS = ['file', 'directory', 'link', 'other'] as const
const PARTS = ['folder', 'cur', 'fresh', 'keywords', 'uids'] as const

function writeFacts(out: OctetWriter, facts: FileFacts | undefined): void {
  if (!facts) {
    out.octet(0)
    return
  }
  out.octet(1).int64(facts.device).int64(facts.inode).int64(facts.mtimeNs).int64(facts.ctimeNs).count(facts.size)
  out.count(facts.mode).count(facts.uid).count(facts.gid).count(facts.links).octet(KINDS.indexOf(facts.kind))
}

function readFacts(from: OctetReader): FileFacts | undefined {
  if (from.octet() === 0) return undefined
  return {
    device: BigInt.asUintN(64, from.int64()),
    inode: BigInt.asUintN(64, from.int64()),
    mtimeNs: from.int64(),
    ctimeNs: from.int64(),
    size: from.count(),
    mode: from.count(),
    uid: from.count(),
    gid: from.count(),
    links: from.count(),
    kind: KINDS[from.octet()] ?? 'other',
  }
}

export function writeIdentity(out: OctetWriter, identity: FolderIdentity | undefined): void {
  out.octet(identity ? 1 : 0)
  if (identity) for (const part of PARTS) writeFacts(out, identity[part])
}

export function readIdentity(from: OctetReader): FolderIdentity | undefined {
  if (from.octet() === 0) return undefined
  return {folder: readFacts(from), cur: readFacts(from), fresh: readFacts(from), keywords: readFacts(from), uids: readFacts(from)}
}

export function writeStrings(out: OctetWriter, strings: readonly string[]): void {
  out.count(strings.length)
  for (const text of strings) out.string(text)
}

export function readStrings(from: OctetReader): string[] {
  const strings: string[] = []
  for (let left = from.count(); left > 0; left -= 1) strings.push(from.string())
  return strings
}
