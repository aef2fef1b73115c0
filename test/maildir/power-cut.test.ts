/**
 * A killed process and a power cut at every call of what changes a folder (`design.md` §7): OK means on disk, and
 * what was told stays true. And each sync is needed: without it some disk breaks a promise.
 */
import * as assert from 'uvu/assert'
import {baseName} from '../../src/maildir/file-names.js'
import {FolderWatcher} from '../../src/maildir/folder/watcher.js'
import {NO_INDEX} from '../../src/maildir/index/metadata-index.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {FLAG, type FolderName, type Mailstore, type MessageNumber, type View} from '../../src/maildir/types.js'
import {parseUidDatabase} from '../../src/maildir/uid-database.js'
import {UniqueNames} from '../../src/maildir/unique-names.js'
import {isLong} from '../support/is-long.js'
import {randomNumbers} from '../support/other-programs.js'
import {type DiskImage, diskFrom, Recording, signature} from '../support/power-cut.js'
import {failure, SimulatedClock, SimulatedDisk} from '../support/simulated-disk.js'
import {SimulatedFiles} from '../support/simulated-files.js'
import {allNumbers, append, INBOX, storeEnvironment} from '../support/store.js'
import {suite} from '../support/suite.js'

const ARCHIVE = 'INBOX.Archive' as FolderName
const PATHS = new Map<FolderName, string>([
  [INBOX, '/mail'],
  [ARCHIVE, '/mail/.Archive'],
])

class Unwatched extends FolderWatcher {
  override add(): () => void {
    return () => {}
  }
}

/** Links to messages are refused, as the kernel does for files of others. */
class Unlinkable extends SimulatedFiles {
  override link(from: string, to: string): Promise<void> {
    if (from.includes('/cur/')) throw failure('EPERM', from)
    return super.link(from, to)
  }
}

async function openOn(disk: SimulatedDisk, pid: number, files: SimulatedFiles = new SimulatedFiles(disk)): Promise<Mailstore> {
  const nowMs = () => disk.clock.nowMs
  const names = new UniqueNames({host: 'test.example', pid, nowMicroseconds: () => disk.clock.nowMs * 1000})
  const env = storeEnvironment({files, nowMs, names, pid, isAlive: () => false, index: NO_INDEX, watcher: new Unwatched(files)})
  // The lock waits by this instead of by timers.
  const sleep = async (ms: number) => disk.clock.advance(ms)
  return new Mailstores(Object.assign(env, {sleep})).open({maildir: '/mail', quota: undefined})
}

/** Something that holds from one call on, and until another. */
interface Promised {
  readonly from: number
  until: number
  readonly folder: FolderName
  readonly uid: number
  readonly text: string
  /** What an OK said: there, with these flags and keywords; gone; or only told of. */
  readonly state: 'told' | 'gone' | {readonly flags: number; readonly keywords: readonly string[]}
}

/** One run of a scenario: what was done to the disk, and what was promised when. */
class Run {
  readonly disk: SimulatedDisk
  readonly store: Mailstore
  readonly promises: Promised[] = []
  readonly validities: {readonly from: number; readonly folder: FolderName; readonly uidValidity: number}[] = []
  /** Texts that may go, from a call on. */
  readonly doomed: {readonly from: number; readonly text: string}[] = []
  recording: Recording

  constructor(disk: SimulatedDisk, store: Mailstore) {
    this.disk = disk
    this.store = store
    this.recording = new Recording(disk)
  }

  get now(): number {
    return this.recording.calls.length
  }

  /** A session that is told everything at the first possible moment. */
  async watch(folder: FolderName): Promise<View> {
    const view = await this.store.select(folder, {readOnly: false})
    const tell = () => {
      view.updates({expunges: true})
      this.tellAll(folder, view)
    }
    view.watch(tell)
    tell()
    return view
  }

  tellAll(folder: FolderName, view: View): void {
    this.validities.push({from: this.now, folder, uidValidity: view.uidValidity})
    for (const number of allNumbers(view)) {
      const uid = view.uidOf(number)
      if (!this.promises.some((known) => known.folder === folder && known.uid === uid)) this.tell(folder, uid, 'told')
    }
  }

  tell(folder: FolderName, uid: number, state: Promised['state'], text = textOf(this.disk, folder, uid)): void {
    this.promises.push({from: this.now, until: Number.POSITIVE_INFINITY, folder, uid, text, state})
  }

  /** From now on messages may have another state than the one that was promised. */
  changing(folder: FolderName, uids: readonly number[], removes = false): void {
    for (const promise of this.promises) {
      if (promise.folder !== folder || !uids.includes(promise.uid)) continue
      if (promise.state !== 'told') promise.until = Math.min(promise.until, this.now)
      if (removes) this.doomed.push({from: this.now, text: promise.text})
    }
  }
}

function textOf(disk: SimulatedDisk, folder: FolderName, uid: number): string {
  const path = PATHS.get(folder) ?? ''
  const database = parseUidDatabase(disk.find(`${path}/courierimapuiddb`)?.data ?? Buffer.alloc(0))
  for (const [base, listed] of database?.uids ?? []) {
    if (listed !== uid) continue
    for (const name of disk.names(`${path}/cur`))
      if (baseName(name) === base) return disk.find(`${path}/cur/${name}`)?.data.toString() ?? ''
  }
  throw new Error(`UID ${uid} is nothing on disk`)
}

interface Scenario {
  /** Before the recording: the disk as it was for long. */
  readonly before?: (disk: SimulatedDisk) => void
  /** The folders have no UID database yet. */
  readonly isFresh?: boolean
  readonly isUnlinkable?: boolean
  /** Syncs that this scenario can do without; another one needs them. */
  readonly spare?: readonly string[]
  readonly run: (run: Run) => Promise<void>
}

/** Messages may have come through `new/` lately. Needed when they have: see the scenario of a delivery. */
const NEW = 'sync-directory /mail/new'

const numbers = (...values: number[]) => values as MessageNumber[]
const uidsOf = (view: View, some: readonly MessageNumber[]) => some.map((number) => view.uidOf(number))

async function appendAndTell(run: Run, text: string, flags: number, keywords: readonly string[]): Promise<void> {
  const {uid} = await append(run.store, INBOX, text, {flags, keywords})
  run.tell(INBOX, uid, {flags, keywords})
}

async function expungeAndTell(run: Run, view: View, some: readonly MessageNumber[]): Promise<void> {
  const gone = uidsOf(view, some).map((uid) => ({uid, text: textOf(run.disk, view.name, uid)}))
  run.changing(view.name, uidsOf(view, some))
  await view.store(some, {mode: 'add', flags: FLAG.deleted, keywords: []})
  for (const number of some) run.tell(view.name, view.uidOf(number), {flags: view.flagsOf(number), keywords: view.keywordsOf(number)})
  run.changing(view.name, uidsOf(view, some), true)
  await view.expunge(some)
  for (const {uid, text} of gone) run.tell(view.name, uid, 'gone', text)
}

const SCENARIOS: Record<string, Scenario> = {
  APPEND: {
    run: async (run) => {
      await run.watch(INBOX)
      await appendAndTell(run, 'Subject: new\n\nx\n', FLAG.seen, [])
    },
  },
  'APPEND with keywords': {
    // The new directory of the keywords; the folder is synced once more before the OK.
    spare: ['2 sync-directory /mail'],
    run: (run) => appendAndTell(run, 'Subject: new\n\nx\n', FLAG.flagged, ['$Label1']),
  },
  'several APPENDs at once': {
    run: async (run) => {
      await run.watch(INBOX)
      await Promise.all([1, 2, 3].map((count) => appendAndTell(run, `Subject: new ${count}\n\nx\n`, 0, [])))
    },
  },
  'APPEND and EXPUNGE of the new message': {
    spare: [NEW],
    run: async (run) => {
      const view = await run.watch(INBOX)
      await appendAndTell(run, 'Subject: new\n\nx\n', 0, [])
      await expungeAndTell(run, view, numbers(view.size))
    },
  },
  'a delivery and its first scan': {
    before: (disk) => {
      for (const name of ['1700000009.a', '1700000008.b'])
        disk.make(`/mail/new/${name}`, 'file', 0o600, Buffer.from(`Subject: ${name}\n\nx\n`))
    },
    run: async (run) => {
      const view = await run.watch(INBOX)
      await view.refresh()
      await expungeAndTell(run, view, numbers(5))
    },
  },
  'a first look at a folder without a UID database': {
    spare: [NEW],
    isFresh: true,
    run: async (run) => {
      const view = await run.watch(INBOX)
      await expungeAndTell(run, view, numbers(view.size))
    },
  },
  STORE: {
    run: async (run) => {
      const view = await run.watch(INBOX)
      const some = numbers(1, 3)
      run.changing(INBOX, uidsOf(view, some))
      await view.store(some, {mode: 'replace', flags: FLAG.flagged | FLAG.draft, keywords: []})
      for (const uid of uidsOf(view, some)) run.tell(INBOX, uid, {flags: FLAG.flagged | FLAG.draft, keywords: []})
    },
  },
  'STORE of keywords': {
    run: async (run) => {
      const view = await run.watch(INBOX)
      await view.store(numbers(1, 3), {mode: 'add', flags: 0, keywords: ['$Label1']})
      for (const uid of uidsOf(view, numbers(1, 3))) run.tell(INBOX, uid, {flags: FLAG.seen, keywords: ['$Label1']})
    },
  },
  EXPUNGE: {
    spare: [NEW],
    run: async (run) => {
      const view = await run.watch(INBOX)
      await expungeAndTell(run, view, numbers(2, 3))
      await view.refresh()
    },
  },
  COPY: {
    run: async (run) => {
      await run.watch(ARCHIVE)
      const view = await run.watch(INBOX)
      const {to} = await view.copy(numbers(1, 2), ARCHIVE)
      for (const uid of to) run.tell(ARCHIVE, uid, {flags: FLAG.seen, keywords: []})
    },
  },
  'COPY where no links can be made': {
    isUnlinkable: true,
    run: async (run) => {
      const view = await run.watch(INBOX)
      const {to} = await view.copy(numbers(1), ARCHIVE)
      for (const uid of to) run.tell(ARCHIVE, uid, {flags: FLAG.seen, keywords: []})
    },
  },
  MOVE: {
    spare: [NEW],
    run: async (run) => {
      await run.watch(ARCHIVE)
      const view = await run.watch(INBOX)
      const from = uidsOf(view, numbers(1, 3))
      const texts = from.map((uid) => textOf(run.disk, INBOX, uid))
      run.changing(INBOX, from)
      const {to} = await view.move(numbers(1, 3), ARCHIVE)
      for (const uid of to) run.tell(ARCHIVE, uid, {flags: FLAG.seen, keywords: []})
      for (const [place, uid] of from.entries()) run.tell(INBOX, uid, 'gone', texts[place])
    },
  },
  'STATUS of a folder without a UID database': {
    isFresh: true,
    run: async (run) => {
      const {uidValidity} = await run.store.status(ARCHIVE)
      run.validities.push({from: run.now, folder: ARCHIVE, uidValidity})
    },
  },
}

const LATE_TEXT = 'Subject: late\n\nx\n'
/** The messages that were there all along. */
const OLD_TEXTS = ['Subject: 1\n\nx\n', 'Subject: 2\n\nx\n', 'Subject: 3\n\nx\n']

async function record({before, isFresh, isUnlinkable, run}: Scenario): Promise<Run> {
  const disk = new SimulatedDisk(new SimulatedClock(10))
  for (const path of PATHS.values()) for (const part of ['', '/tmp', '/new', '/cur']) disk.make(path + part, 'directory', 0o700)
  disk.make('/mail/.Archive/maildirfolder', 'file', 0o600)
  for (const [place, text] of OLD_TEXTS.entries())
    disk.make(`/mail/cur/170000000${place}.m${place}.host:2,S`, 'file', 0o600, Buffer.from(text))
  if (!isFresh) {
    const earlier = await openOn(disk, 1)
    for (const folder of PATHS.keys()) (await earlier.select(folder, {readOnly: false})).close()
  }
  before?.(disk)
  disk.clock.advance(3_600_000)
  const done = new Run(disk, await openOn(disk, 2, isUnlinkable ? new Unlinkable(disk) : undefined))
  await run(done)
  return done
}

/** A mailbox as a client finds it after the restart. */
interface Found {
  readonly uidValidity: number
  readonly uidNext: number
  readonly messages: Map<number, {readonly text: string; readonly flags: number; readonly keywords: readonly string[]}>
}

async function look(store: Mailstore, folder: FolderName): Promise<Found> {
  const view = await store.select(folder, {readOnly: true})
  const messages: Found['messages'] = new Map()
  for (const number of allNumbers(view)) {
    using file = await view.open(number)
    messages.set(view.uidOf(number), {text: file?.whole?.toString() ?? '?', flags: view.flagsOf(number), keywords: view.keywordsOf(number)})
  }
  assert.is(messages.size, view.size)
  view.close()
  return {uidValidity: view.uidValidity, uidNext: view.uidNext, messages}
}

/** Every UID database that was ever put in place, as text. */
function databasesOf({recording}: Run): Set<string> {
  const data = new Map<number, string>()
  const texts = new Set<string>()
  for (const {entries} of recording.before.nodes.values()) {
    const old = entries.get('courierimapuiddb')
    if (old !== undefined) texts.add(recording.before.nodes.get(old)?.data.toString() ?? '')
  }
  for (const step of recording.calls.flat()) {
    if (step.kind === 'data') data.set(step.node, step.data.toString())
    if (step.kind === 'entry' && step.name === 'courierimapuiddb' && step.node !== undefined) texts.add(data.get(step.node) ?? '')
  }
  return texts
}

/** Looks for a broken promise on a disk that is started again. */
async function check(run: Run, image: DiskImage, calls: number): Promise<void> {
  const disk = diskFrom(image)
  for (const path of PATHS.values()) {
    const database = disk.find(`${path}/courierimapuiddb`)?.data.toString()
    assert.ok(database === undefined || databasesOf(run).has(database), `a UID database that was never written: ${database}`)
  }
  // Mail that came while nobody served: it would get the UID of a message whose UID was told and not kept.
  for (const path of PATHS.values()) disk.make(`${path}/new/1.late`, 'file', 0o600, Buffer.from(LATE_TEXT))
  const store = await openOn(disk, 3)
  const found = new Map<FolderName, Found>()
  for (const folder of PATHS.keys()) found.set(folder, await look(store, folder))
  const whole = new Set([LATE_TEXT, ...OLD_TEXTS, ...run.promises.map(({text}) => text)])
  for (const {messages} of found.values()) {
    const texts = [...messages.values()].map(({text}) => text)
    for (const text of texts) assert.ok(whole.has(text) || isKnownLater(run, text), `a message that is not whole: ${text}`)
    assert.is(new Set(texts).size, texts.length, 'a message has become two')
  }
  const everything = [...found.values()].flatMap(({messages}) => [...messages.values()].map(({text}) => text))
  for (const text of OLD_TEXTS)
    assert.ok(everything.includes(text) || run.doomed.some((doom) => doom.text === text && doom.from < calls), `lost: ${text}`)
  for (const {from, folder, uidValidity} of run.validities)
    if (from <= calls) assert.is(found.get(folder)?.uidValidity, uidValidity, 'UIDVALIDITY')
  for (const promise of run.promises) if (promise.from <= calls) checkPromise(promise, found.get(promise.folder), calls)
}

/** Texts of messages whose command had not answered yet. */
function isKnownLater({recording}: Run, text: string): boolean {
  const finished = new Map<number, string>()
  for (const step of recording.calls.flat()) if (step.kind === 'data') finished.set(step.node, step.data.toString())
  return [...recording.before.nodes.values()].some(({data}) => data.toString() === text) || [...finished.values()].includes(text)
}

function checkPromise({folder, uid, text, state, until}: Promised, found: Found | undefined, calls: number): void {
  const now = found?.messages.get(uid)
  if (now) assert.is(now.text, text, `UID ${uid} of ${folder} names another message`)
  assert.ok((found?.uidNext ?? 0) > uid, `UID ${uid} of ${folder} will be given again`)
  if (until < calls || state === 'told') return
  if (state === 'gone') assert.is(now, undefined, `UID ${uid} of ${folder} is back`)
  else assert.equal({flags: now?.flags, keywords: now?.keywords}, state, `UID ${uid} of ${folder}`)
}

/** All disks that a run may leave behind, the latest first, each once. */
function* disksOf({recording}: Run, withoutSync?: number): Generator<{image: DiskImage; calls: number}> {
  const random = randomNumbers(1)
  const seen = new Set<string>()
  for (let calls = recording.calls.length; calls >= 0; calls -= 1) {
    const images = withoutSync === undefined ? [recording.killedAfter(calls)] : []
    for (const image of [...images, ...recording.cutAfter(calls, random, withoutSync)]) {
      const key = `${calls} ${signature(image)}`
      if (seen.has(key)) continue
      seen.add(key)
      yield {image, calls}
    }
  }
}

const powerCut = suite('Power cut', {limitMs: isLong ? 600_000 : 60_000})

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  powerCut(`${name}: what was told is true after a kill and a power cut at any call`, async () => {
    const run = await record(scenario)
    let disks = 0
    for (const {image, calls} of disksOf(run)) {
      disks += 1
      try {
        await check(run, image, calls)
      } catch (error) {
        throw new Error(`After ${calls} of ${run.recording.calls.length} calls: ${String(error)}\n${signature(image)}`, {cause: error})
      }
    }
    assert.ok(disks >= run.recording.calls.length / 2)
  })

  powerCut(`${name}: leaving out any one sync breaks a promise`, async () => {
    const run = await record(scenario)
    const needless: string[] = []
    for (let sync = 0; sync < run.recording.syncs; sync += 1) {
      let isCaught = false
      for (const {image, calls} of disksOf(run, sync)) {
        isCaught = await check(run, image, calls).then(
          () => false,
          () => true,
        )
        if (isCaught) break
      }
      const name = `${sync} ${run.recording.describeSync(sync)}`
      if (!isCaught && !scenario.spare?.some((spare) => name.endsWith(spare))) needless.push(name)
    }
    assert.is(needless.join(', '), '')
  })
}

powerCut.run()
