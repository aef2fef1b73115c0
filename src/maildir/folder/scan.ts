/**
 * Reads `cur/` until there is no doubt about any message.
 *
 * Others touch these files while we read: real Courier, mutt, deliveries, other sessions of ours in other processes.
 * They rename (flags), unlink (expunge) and add (delivery), mostly without a lock. The kernel may leave out or
 * repeat a name that is renamed under our `readdir`. So:
 *
 * 1. the listing is compared with what we know (`same-listing.ts`, `reconcile.ts`);
 * 2. of several names for one message the one that exists counts;
 * 3. a message that is missing is gone only if the directory provably did not change while it was read, or if three
 *    listings in a row miss it *and* none of its likely names exists.
 */
import {Pace} from '../../support/pace.js'
import {paced, STRIDE, type Steps} from '../../support/steps.js'
import type {MaildirFiles} from '../files.js'
import type {Uid} from '../types.js'
import {isSettled, sameFacts} from './identity.js'
import {type Findings, isNameOf, type KnownNames, likelyInfos, MissingMessages, Reconciliation} from './reconcile.js'
import {isSameListing} from './same-listing.js'
import type {Snapshot} from './snapshot.js'

/** Names that are compared before others get their turn. */
const NAMES_AT_ONCE = 512

export interface ScanOptions {
  readonly files: MaildirFiles
  /** The folder, as octets. */
  readonly path: string
  readonly known: KnownNames
  /** The messages that we know. */
  readonly snapshot: Snapshot
  readonly baseOf: (uid: Uid) => string
  /** Base names that the UID database lists: those that `known` does not have are looked for as well. */
  readonly expected: ReadonlyMap<string, unknown>
  readonly nowNs: () => bigint
}

export interface ScanResult {
  /** Known messages with new endings. */
  readonly renamed: ReadonlyMap<Uid, string>
  /** Messages that were not known: base name → ending. */
  readonly added: ReadonlyMap<string, string>
  /** Known messages that do not exist any more. */
  readonly gone: readonly Uid[]
}

const AS_KNOWN: ScanResult = {renamed: new Map(), added: new Map(), gone: []}

/** Compares `cur/` with what is known. Reads the directory once, at most three times. */
export async function scanCur(options: ScanOptions): Promise<ScanResult> {
  const {files, path, known, baseOf, expected} = options
  const cur = `${path}/cur`
  const missing = new MissingMessages()
  for (;;) {
    const beganNs = options.nowNs()
    const before = files.stat(cur)
    const listed = await files.list(cur)
    const steady = files.isLocal(cur) && sameFacts(before, files.stat(cur)) && isSettled([before], beganNs)
    if (expected.size === 0 && (await paced(isSameListing(options.snapshot, listed), new Pace()))) return AS_KNOWN
    await known.make()
    const findings = await reconciled(known, listed)
    const {renamed, added} = settleNames(options, findings)
    const missed = new Map<string, Uid | undefined>()
    for (const uid of findings.missing) missed.set(baseOf(uid), uid)
    for (const base of await paced(unseen(expected, {known, added}), new Pace())) missed.set(base, undefined)
    const {gone, doubtful} = missing.judge([...missed.keys()], steady)
    if (doubtful.length > 0) continue

    const goneUids: Uid[] = []
    const found = steady ? new Map<string, string>() : await lookFor(files, cur, gone, known)
    for (const base of gone) {
      const uid = missed.get(base)
      const info = found.get(base)
      if (info === undefined) {
        if (uid !== undefined) goneUids.push(uid)
      } else if (uid === undefined) added.set(base, info)
      else renamed.set(uid, info)
    }
    return {renamed, added, gone: goneUids}
  }
}

/** Base names that are expected, and neither known nor listed. */
function* unseen(
  expected: ScanOptions['expected'],
  {known, added}: {readonly known: KnownNames; readonly added: ReadonlyMap<string, string>},
): Steps<string[]> {
  const bases: string[] = []
  let steps = 0
  for (const base of expected.keys()) {
    if (!added.has(base) && known.indexOf(base) < 0) bases.push(base)
    steps += 1
    if (steps % STRIDE === 0) yield
  }
  return bases
}

/** Compares a listing with what is known, in turn with other work. */
async function reconciled(known: KnownNames, listed: readonly string[]): Promise<Findings> {
  const reconciliation = new Reconciliation(known)
  const pace = new Pace()
  for (let at = 0; at < listed.length; at += NAMES_AT_ONCE) {
    reconciliation.take(listed.slice(at, at + NAMES_AT_ONCE))
    if (pace.due) await pace.pause()
  }
  return reconciliation.findings()
}

function settleNames({files, path, baseOf}: ScanOptions, findings: Findings): {renamed: Map<Uid, string>; added: Map<string, string>} {
  const exists = (base: string, info: string) => files.stat(`${path}/cur/${base}${info}`) !== undefined
  // Of names that were listed but are gone already the last is as good as any: the next scan finds the right one.
  const pick = (base: string, infos: readonly string[]) =>
    (infos.length === 1 ? infos[0] : (infos.find((info) => exists(base, info)) ?? infos.at(-1))) ?? ''
  const renamed = new Map<Uid, string>()
  for (const [uid, infos] of findings.renamed) renamed.set(uid, pick(baseOf(uid), infos))
  for (const [uid, {own, others}] of findings.doubled) {
    const base = baseOf(uid)
    if (exists(base, own)) continue
    const info = others.find((other) => exists(base, other))
    if (info !== undefined) renamed.set(uid, info)
  }
  const {added} = findings
  for (const [base, infos] of findings.ambiguous) added.set(base, pick(base, infos))
  return {renamed, added}
}

/** Looks for messages under their likely names; a last resort for few of them. */
async function lookFor(files: MaildirFiles, cur: string, bases: readonly string[], known: KnownNames): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  if (bases.length === 0) return found
  const infos = ['', ...likelyInfos(known.infos())]
  const pace = new Pace()
  for (const base of bases) {
    const info = infos.find((candidate) => isNameOf(base, candidate) && files.stat(`${cur}/${base}${candidate}`) !== undefined)
    if (info !== undefined) found.set(base, info)
    if (pace.due) await pace.pause()
  }
  return found
}
