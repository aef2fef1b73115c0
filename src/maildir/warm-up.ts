/**
 * Opening a mailbox for the first time, over and over, with mailboxes that exist in memory only.
 *
 * V8 interprets what is new to it, and compiles what has run often: the first logins after the start of a server would take five
 * times as long as those after them. The loops over the messages of a mailbox, which are most of it, are compiled here
 * once the first client is there.
 */
import {Pace} from '../support/pace.js'
import {entriesCall} from './directory-reading.js'
import {snapshotOf} from './folder/contents.js'
import {type ListedFolder, listedFolder} from './folder/listed-folder.js'
import {MetadataRows} from './index/flat/rows.js'
import {encodeView, viewState} from './index/flat/view-file.js'
import {type NameOctets, nameOctets} from './name-octets.js'
import {FLAG} from './types.js'
import {formatUidDatabase} from './uid-database.js'

/** Of a mailbox: two stretches of columns. */
const MESSAGES = 2048
/** Afterwards nothing of it is compiled any more (Node 20 to 24): 0.1 to 0.2 s of processor time in all. */
const TIMES = 32
const ENDINGS = [':2,', ':2,S', ':2,RS', ':2,FS', ':2,ST', ''] as const
/** As large as those of a real server: V8 has other numbers for small ones. */
const MODSEQ = 1_700_000_000_000_000

/** Clients that come at once are served first. */
const BEGINS_MS = 1_000

/** Begins in a second, and lets other work have its turn in between. The process may end meanwhile. */
export function warmUpSoon(): void {
  setTimeout(() => void warmUp(), BEGINS_MS).unref()
}

/** Answers how many mailboxes were opened. Never rejects. */
export async function warmUp(): Promise<number> {
  entriesCall() // loads koffi
  const {database, names} = inMemory()
  const pace = new Pace()
  let opened = 0
  for (let time = 0; time < TIMES; time += 1) {
    const listed = await listedFolder(database, inPieces(names))
    if (listed && (await view(listed)) > 0) opened += 1
    await pace.pause()
  }
  return opened
}

/** A UID database, and the names in `cur/`. */
function inMemory(): {readonly database: Buffer; readonly names: readonly string[]} {
  const bases = Array.from({length: MESSAGES}, (_, place) => {
    const micros = (place * 7919) % 1_000_000
    const inode = (0x100000 + place).toString(16).toUpperCase().padStart(16, '0')
    return `${1_700_000_000 + place}.M${micros}P${1000 + place}V000000000000FE00I${inode}_0.localhost,S=${1000 + place}`
  })
  const header = {uidValidity: 1_700_000_000, uidNext: MESSAGES + 1}
  return {
    database: formatUidDatabase(
      header,
      bases.map((base, place) => [base, place + 1] as const),
    ),
    names: bases.map((base, place) => `${base}${ENDINGS[place % ENDINGS.length]}`),
  }
}

async function* inPieces(names: readonly string[]): AsyncGenerator<NameOctets> {
  yield* nameOctets(names)
}

/** What SELECT asks for, and what the index keeps. Answers with the number of the first unseen message. */
async function view(listed: ListedFolder): Promise<number> {
  const snapshot = snapshotOf(listed, MODSEQ)
  const first = snapshot.firstWithout(FLAG.seen) + 1
  const {uidValidity, uidNext} = listed
  const state = viewState({uidValidity, uidNext, highestModseq: MODSEQ, identity: undefined, snapshot, keywords: () => []})
  await encodeView({generation: MODSEQ, recordsGeneration: 0, recordsEnd: () => 0, state, rows: new MetadataRows().inOrder()}, 1)
  return first
}
