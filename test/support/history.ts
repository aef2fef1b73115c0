/**
 * One history of a folder: two processes of ours with three sessions, other programs beside them, and a judge that
 * knows what is on disk at each moment and complains about everything that a client must never be told.
 */
import {setImmediate as nextTurn} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {copyMessages} from '../../src/maildir/copy.js'
import {startDelivery} from '../../src/maildir/delivery.js'
import type {StoreEnvironment} from '../../src/maildir/environment.js'
import {baseName, flagsOfName} from '../../src/maildir/file-names.js'
import {Arrivals} from '../../src/maildir/folder/arrivals.js'
import {Folder} from '../../src/maildir/folder/folder.js'
import {FolderView} from '../../src/maildir/folder/view.js'
import {NO_INDEX} from '../../src/maildir/index/metadata-index.js'
import {FLAG, type FolderName, type MessageNumber, type Uid} from '../../src/maildir/types.js'
import {parseUidDatabase} from '../../src/maildir/uid-database.js'
import {UidValidities} from '../../src/maildir/uid-validities.js'
import {UniqueNames} from '../../src/maildir/unique-names.js'
import {Fault} from '../../src/support/fault.js'
import {FOLDER, type Intrusion, type Manners, OtherPrograms} from './other-programs.js'
import {SimulatedClock, SimulatedDisk, type SimulatedNode} from './simulated-disk.js'
import {SimulatedFiles, type Surroundings} from './simulated-files.js'
import {LogLines, storeEnvironment} from './store.js'

const DEEDS = ['look', 'look', 'look-quietly', 'flag', 'flag', 'delete', 'expunge', 'append', 'copy', 'wait'] as const

/** What a session does. */
export interface Deed {
  readonly deed: (typeof DEEDS)[number]
  readonly pick: number
}

export const SESSION_DEEDS = DEEDS

export interface HistoryPlan {
  readonly seed: number
  readonly manners: Manners
  readonly messages: number
  readonly stepMs: number
  /** Messages have keywords too. */
  readonly keywords?: boolean
  readonly intrusions: readonly Intrusion[]
  /** What each of the three sessions does; the first two are of one process. */
  readonly sessions: readonly (readonly Deed[])[]
}

/** What is different when the tests are put to the test. */
export interface Sabotage {
  readonly missesInARow?: number
  readonly files?: new (...args: ConstructorParameters<typeof SimulatedFiles>) => SimulatedFiles
  readonly env?: Partial<StoreEnvironment>
}

/** Messages may only be removed by us when they have \\Deleted at that moment. */
function careful(Files: new (...args: ConstructorParameters<typeof SimulatedFiles>) => SimulatedFiles, judge: Judge) {
  return class extends Files {
    override unlink(path: string): Promise<boolean> {
      judge.removes(path)
      return super.unlink(path)
    }
  }
}

/** Knows the disk, and all that any client has been told. */
class Judge {
  readonly removedWrongly: string[] = []
  readonly #disk: SimulatedDisk
  readonly #others: OtherPrograms
  readonly #baseOf = new Map<number, string>()
  readonly #uidOf = new Map<string, number>()

  constructor(disk: SimulatedDisk, others: OtherPrograms) {
    this.#disk = disk
    this.#others = others
  }

  /** File names in `cur/` by base name: more than one only where other programs made them so. */
  files(): Map<string, string[]> {
    const files = new Map<string, string[]>()
    for (const name of this.#disk.names(`${FOLDER}/cur`)) files.set(baseName(name), [...(files.get(baseName(name)) ?? []), name])
    return files
  }

  /** No message was made two. */
  checkFiles(): void {
    const bases = new Map<SimulatedNode, string>()
    for (const [name, node] of this.#disk.directory(`${FOLDER}/cur`).entries) {
      const base = baseName(name)
      if (base.includes('test.example') || this.#others.doubled.has(base)) continue // a copy is a link
      assert.is(bases.get(node) ?? base, base, 'a message has become two')
      bases.set(node, base)
    }
  }

  /** A message has this UID: it had no other one before, and no other message had it. */
  isNamed(uid: number, base: string): void {
    assert.is(this.#baseOf.get(uid) ?? base, base, `UID ${uid} names two files`)
    if (!this.#others.forgotten.has(base) && !this.#others.doubled.has(base))
      assert.is(this.#uidOf.get(base) ?? uid, uid, `${base} changed its UID`)
    this.#baseOf.set(uid, base)
    this.#uidOf.set(base, uid)
  }

  /** We are about to remove a file. */
  removes(path: string): void {
    const name = path.startsWith(`${FOLDER}/cur/`) ? path.slice(FOLDER.length + 5) : undefined
    if (name === undefined || (flagsOfName(name) & FLAG.deleted) !== 0 || this.#others.removed.has(baseName(name))) return
    this.removedWrongly.push(name)
  }

  isGone(uid: number): void {
    const base = this.#baseOf.get(uid)
    assert.ok(base !== undefined, `UID ${uid} is gone, but what was it?`)
    if (this.#others.forgotten.has(base ?? '') || this.#others.doubled.has(base ?? '')) return
    assert.not.ok(this.files().has(base ?? ''), `UID ${uid}, ${base}, was said to be gone and is there`)
  }

  checkDatabase(): void {
    const database = parseUidDatabase(this.#disk.find(`${FOLDER}/courierimapuiddb`)?.data ?? Buffer.alloc(0))
    if (database) for (const [base, uid] of database.uids) this.isNamed(uid, base)
  }
}

/** A client that believes what it is told. */
class Client {
  readonly view: FolderView
  readonly #folder: Folder
  readonly #judge: Judge
  readonly #seen = new Map<number, {flags: number; modseq: number}>()
  #uids: number[]
  #highestUid = 0
  #uidNext = 0
  #modseq = 0

  constructor(view: FolderView, folder: Folder, judge: Judge) {
    this.view = view
    this.#folder = folder
    this.#judge = judge
    this.#uids = []
    this.#isTold(view.size)
    this.#checkState()
  }

  /** Takes updates; answers how many there were. */
  take(expunges: boolean): number {
    const updates = this.view.updates({expunges})
    for (const update of updates) {
      if (update.kind === 'expunge') {
        assert.ok(expunges, 'an EXPUNGE that was not allowed')
        const [uid] = this.#uids.splice(update.number - 1, 1)
        assert.is(uid, update.uid, 'an EXPUNGE of another message')
        this.#judge.isGone(update.uid)
      } else if (update.kind === 'exists') this.#isTold(update.messages)
      else assert.ok(update.number >= 1 && update.number <= this.#uids.length, `FETCH of message ${update.number} of ${this.#uids.length}`)
    }
    this.#checkState()
    return updates.length
  }

  #isTold(messages: number): void {
    assert.ok(messages >= this.#uids.length, 'EXISTS made messages fewer')
    while (this.#uids.length < messages) {
      const uid = this.view.uidOf((this.#uids.length + 1) as MessageNumber)
      assert.ok(uid > this.#highestUid, `UID ${uid} came after ${this.#highestUid}`)
      this.#highestUid = uid
      const index = this.#folder.snapshot.indexOf(uid)
      if (index >= 0) this.#judge.isNamed(uid, this.#folder.snapshot.baseAt(index))
      this.#uids.push(uid)
    }
  }

  #checkState(): void {
    const {view} = this
    assert.is(view.size, this.#uids.length, 'the client counts other messages')
    assert.ok(view.uidNext >= this.#uidNext && view.uidNext > this.#highestUid, `UIDNEXT ${view.uidNext} after ${this.#uidNext}`)
    assert.ok(view.highestModseq >= this.#modseq, 'the modification sequence went back')
    this.#uidNext = view.uidNext
    this.#modseq = view.highestModseq
    for (const [place, uid] of this.#uids.entries()) {
      const number = (place + 1) as MessageNumber
      assert.is(view.uidOf(number), uid)
      assert.is(view.numberOf(view.uidOf(number)), number)
      const now = {flags: view.flagsOf(number), modseq: view.modseqOf(number)}
      if (this.#folder.snapshot.indexOf(uid) < 0) continue // gone, and not told yet
      const before = this.#seen.get(uid)
      if (before) assert.ok(now.modseq >= before.modseq && (now.flags === before.flags || now.modseq > before.modseq), 'modseq stood still')
      assert.ok(now.modseq > 0 && now.modseq <= view.highestModseq, 'modseq out of range')
      this.#seen.set(uid, now)
    }
  }

  /** All is quiet: what the client knows is what is on disk. Answers with the keywords of each message. */
  checkAgainst(files: ReadonlyMap<string, readonly string[]>): Map<string, string> {
    const flags = new Map<string, number>()
    const keywords = new Map<string, string>()
    for (const [place, uid] of this.#uids.entries()) {
      const base = this.#folder.snapshot.baseAt(this.#folder.snapshot.indexOf(uid))
      const number = (place + 1) as MessageNumber
      flags.set(base, this.view.flagsOf(number))
      keywords.set(base, [...this.view.keywordsOf(number)].sort().join(' '))
    }
    assert.equal([...flags.keys()].sort(), [...files.keys()].sort(), 'the view is not the directory')
    for (const [base, names] of files) {
      const known = flags.get(base)
      const isRight = names.some((name) => flagsOfName(name) === known)
      assert.ok(isRight, `flags of ${names.join(' ')}: ${known}`)
    }
    return keywords
  }
}

/** A process of ours that has the folder open. */
class Process {
  readonly folder: Folder
  readonly arrivals: Arrivals
  readonly log: LogLines
  readonly env: StoreEnvironment

  constructor(pid: number, files: SimulatedFiles, surroundings: Surroundings, changes: Partial<StoreEnvironment>) {
    const {clock} = files.disk
    const nowMs = () => clock.nowMs
    // The lock waits by this instead of by timers.
    const sleep = async (ms: number) => {
      clock.advance(ms)
      for (let turns = 0; turns < 10; turns += 1) {
        surroundings.moment()
        await null
      }
      await nextTurn() // who holds it may have paused
    }
    this.log = new LogLines()
    const names = new UniqueNames({host: 'test.example', pid, nowMicroseconds: () => clock.nowMs * 1000})
    this.env = Object.assign(
      storeEnvironment({files, nowMs, names, pid, log: this.log, index: NO_INDEX, keywordsMode: 0, lockDeadlineMs: 60_000, ...changes}),
      {sleep},
    )
    const name = 'INBOX' as FolderName
    this.folder = new Folder(this.env, {name, path: FOLDER, account: FOLDER, validities: new UidValidities(), onLost: () => {}})
    this.arrivals = new Arrivals(this.folder)
  }

  async client(judge: Judge): Promise<Client> {
    await patiently(() => this.folder.refresh())
    const account = {
      copy: async (source: Folder, uids: readonly Uid[]) => {
        const {folder, arrivals} = this
        const copied = await copyMessages({source, uids, target: folder, arrivals, admit: async () => async () => {}})
        return {uidValidity: folder.uidValidity, from: copied.map(({from}) => from), to: copied.map(({to}) => to)}
      },
      deletedChanges: async () => {},
      removed: async () => {},
      takeBack: async () => {},
    }
    return new Client(new FolderView({folder: this.folder, account, readOnly: false, onClose: () => {}}), this.folder, judge)
  }

  async append(flags: number): Promise<number> {
    const message = {flags, keywords: flags % 3 === 0 ? ['$Label2'] : [], internalDateMs: undefined}
    const admit = async () => async () => {}
    const delivery = await startDelivery({env: this.env, folder: this.folder, arrivals: this.arrivals, message, admit, onEnd: () => {}})
    await delivery.write(Buffer.from('Subject: own\n\nx\n'))
    return (await delivery.finish()).uid
  }
}

async function perform({deed, pick}: Deed, client: Client, process: Process): Promise<void> {
  const {view} = client
  const some = Array.from({length: view.size}, (_, index) => (index + 1) as MessageNumber).filter((number) => (number + pick) % 3 === 0)
  switch (deed) {
    case 'look':
    case 'look-quietly':
      await view.refresh()
      client.take(deed === 'look')
      return
    case 'flag':
      return view.store(some, {
        mode: (['add', 'remove', 'replace'] as const)[pick % 3] ?? 'add',
        flags: pick % 16,
        keywords: pick % 5 === 0 ? ['$Label1'] : [],
      })
    case 'delete':
      return view.store(some.slice(0, 2), {mode: 'add', flags: FLAG.deleted, keywords: []})
    case 'expunge':
      await view.expunge()
      client.take(true)
      return
    case 'append':
      await process.append(pick % 16)
      client.take(pick % 2 === 0)
      return
    case 'copy':
      await view.copy(some.slice(0, 2), 'INBOX' as FolderName)
      return
    case 'wait':
      process.env.files.stat(FOLDER)
      for (let turns = pick % 40; turns > 0; turns -= 1) await null
  }
}

async function live(deeds: readonly Deed[], client: Client, process: Process, judge: Judge): Promise<void> {
  for (const deed of deeds) {
    await patiently(() => perform(deed, client, process))
    judge.checkDatabase()
  }
}

/** A clock that is set forward ends the wait for a lock early: then once more. */
async function patiently(act: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await act()
    } catch (error) {
      if (tries === 5 || !(error instanceof Fault && error.code === 'busy')) throw error
    }
  }
}

/** Lets a history happen. Throws when somebody was told what is not so. */
export async function happen(plan: HistoryPlan, sabotage: Sabotage = {}): Promise<void> {
  const disk = new SimulatedDisk(new SimulatedClock(plan.stepMs))
  for (const path of [FOLDER, `${FOLDER}/tmp`, `${FOLDER}/new`, `${FOLDER}/cur`]) disk.make(path, 'directory', 0o700)
  const others = new OtherPrograms(disk, plan)
  for (let count = 0; count < plan.messages; count += 1) others.deliver(count % 3 ? 'cur' : 'new', count % 3 ? ':2,S' : '')
  const judge = new Judge(disk, others)
  const Files = careful(sabotage.files ?? SimulatedFiles, judge)
  const options = {surroundings: others, ...(sabotage.missesInARow === undefined ? {} : {missesInARow: sabotage.missesInARow})}
  const start = (pid: number) => new Process(pid, new Files(disk, options), others, {keywordsMode: plan.keywords ? 1 : 0, ...sabotage.env})
  const [first, second] = [start(100), start(200)]
  const clients = [await first.client(judge), await first.client(judge), await second.client(judge)] as const
  const owners = [first, first, second] as const
  try {
    await Promise.all(clients.map((client, place) => live(plan.sessions[place] ?? [], client, owners[place] ?? first, judge)))
    others.quiet()
    await Promise.all(clients.map(({view}) => view.refresh()))
    // Files that were in doubt when others stopped have their last name now.
    for (const client of clients) {
      await client.view.refresh()
      client.take(true)
      client.checkAgainst(judge.files())
    }
    disk.clock.advance(5_000)
    for (const client of clients) await client.view.refresh()
    judge.checkDatabase()
    const keywords: Map<string, string>[] = []
    for (const client of clients) {
      assert.is(client.take(true), 0, 'something was told although nothing happened')
      keywords.push(client.checkAgainst(judge.files()))
    }
    const sorted = keywords.map((sets) => [...sets].filter(([base]) => !others.doubled.has(base)).sort())
    assert.equal(sorted[0], sorted[2], 'the processes know different keywords')
    judge.checkFiles()
    assert.equal(judge.removedWrongly, [], 'a message without \\Deleted was removed')
    if (plan.manners !== 'wild') assert.equal([...others.forgotten], [], 'Courier forgot UIDs')
    for (const {log} of [first, second])
      assert.equal(
        log.lines.filter((line) => line.includes('scan-failed')),
        [],
      )
  } finally {
    for (const {view} of clients) view.close()
  }
}
