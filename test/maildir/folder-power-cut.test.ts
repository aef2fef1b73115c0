/**
 * A killed process and a power cut at every call of CREATE, DELETE, RENAME and of a new `maildirsize`: OK means on disk, a tree is
 * renamed as a whole or not at all, and no message is lost. And each sync is needed.
 */
import * as assert from 'uvu/assert'
import {folderName} from '../../src/maildir/folder-names.js'
import {NO_INDEX} from '../../src/maildir/index/metadata-index.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {AccountQuota} from '../../src/maildir/quota/account-quota.js'
import {beginRename} from '../../src/maildir/rename-journal.js'
import type {Mailstore} from '../../src/maildir/types.js'
import {UniqueNames} from '../../src/maildir/unique-names.js'
import {randomNumbers} from '../support/other-programs.js'
import {diskFrom, Recording} from '../support/power-cut.js'
import {SimulatedClock, SimulatedDisk} from '../support/simulated-disk.js'
import {SimulatedFiles} from '../support/simulated-files.js'
import {allNumbers, storeEnvironment} from '../support/store.js'
import {suite} from '../support/suite.js'

/** What UID databases need is tested with messages, and what maildirsize needs in a scenario of its own. */
const SPARE = /courierimapuiddb|maildirsize|sync-directory \/mail\/\./
const QUOTA = '1000000S\n           0            0\n'

function environment(disk: SimulatedDisk, pid: number) {
  const files = new SimulatedFiles(disk)
  const nowMs = () => disk.clock.nowMs
  const names = new UniqueNames({host: 'test.example', pid, nowMicroseconds: () => disk.clock.nowMs * 1000})
  const env = storeEnvironment({files, nowMs, names, pid, isAlive: () => false, index: NO_INDEX})
  return Object.assign(env, {sleep: async (ms: number) => disk.clock.advance(ms)})
}

function openOn(disk: SimulatedDisk, pid: number): Promise<Mailstore> {
  return new Mailstores(environment(disk, pid)).open({maildir: '/mail', quota: undefined})
}

/** An account with folders of one message each. */
function account(folders: readonly string[]): SimulatedDisk {
  const disk = new SimulatedDisk(new SimulatedClock(10))
  for (const path of ['/mail', ...folders.map((folder) => `/mail/${folder}`)]) {
    for (const part of ['', '/tmp', '/new', '/cur']) disk.make(path + part, 'directory', 0o700)
    if (path !== '/mail') disk.make(`${path}/maildirfolder`, 'file', 0o600)
    disk.make(`${path}/cur/1700000000.m.host,S=100:2,`, 'file', 0o600, Buffer.from(`Subject: of ${path}\n\nx\n`))
  }
  disk.make('/mail/maildirsize', 'file', 0o644, Buffer.from(QUOTA))
  disk.clock.advance(3_600_000)
  return disk
}

/** Folders but INBOX with the texts of their messages, as a client finds them. */
async function found(disk: SimulatedDisk): Promise<Map<string, readonly string[]>> {
  const store = await openOn(disk, 3)
  const folders = new Map<string, readonly string[]>()
  for (const {name} of await store.folders()) {
    const view = await store.select(name, {readOnly: true})
    const texts: string[] = []
    for (const number of allNumbers(view)) {
      using message = await view.open(number)
      texts.push(message?.whole?.toString() ?? '?')
    }
    view.close()
    if (name !== 'INBOX') folders.set(name, texts)
  }
  return folders
}

const text = (folder: string) => [`Subject: of /mail/${folder}\n\nx\n`]
const is = (actual: Map<string, readonly string[]>, expected: Record<string, readonly string[]>) =>
  JSON.stringify([...actual].sort()) === JSON.stringify(Object.entries(expected).sort())

interface Scenario {
  readonly folders: readonly string[]
  /** What lies there before. */
  readonly prepare?: (disk: SimulatedDisk) => Promise<unknown>
  readonly run: (disk: SimulatedDisk) => Promise<unknown>
  /** What may be found; `isDone`: the command has answered. */
  readonly allows: (disk: SimulatedDisk, isDone: boolean) => Promise<boolean>
}

const SCENARIOS: Record<string, Scenario> = {
  CREATE: {
    folders: ['.A'],
    run: async (disk) => (await openOn(disk, 2)).create(folderName('INBOX.B')),
    allows: async (disk, isDone) => {
      const folders = await found(disk)
      return is(folders, {'INBOX.A': text('.A'), 'INBOX.B': []}) || (!isDone && is(folders, {'INBOX.A': text('.A')}))
    },
  },
  DELETE: {
    folders: ['.A', '.A.x'],
    run: async (disk) => (await openOn(disk, 2)).remove(folderName('INBOX.A')),
    allows: async (disk, isDone) => {
      const folders = await found(disk)
      if (is(folders, {'INBOX.A.x': text('.A.x')})) return true
      return (
        !isDone &&
        (is(folders, {'INBOX.A': text('.A'), 'INBOX.A.x': text('.A.x')}) || is(folders, {'INBOX.A': [], 'INBOX.A.x': text('.A.x')}))
      )
    },
  },
  'RENAME of a tree': {
    folders: ['.A', '.A.x', '.A.y.z', '.Other'],
    run: async (disk) => (await openOn(disk, 2)).rename(folderName('INBOX.A'), folderName('INBOX.B.c')),
    allows: async (disk, isDone) => {
      const folders = await found(disk)
      const other = {'INBOX.Other': text('.Other')}
      const after = {'INBOX.B.c': text('.A'), 'INBOX.B.c.x': text('.A.x'), 'INBOX.B.c.y.z': text('.A.y.z'), ...other}
      const before = {'INBOX.A': text('.A'), 'INBOX.A.x': text('.A.x'), 'INBOX.A.y.z': text('.A.y.z'), ...other}
      return is(folders, after) || (!isDone && is(folders, before))
    },
  },
  'a RENAME that was cut off, completed': {
    folders: ['.A', '.A.x'],
    prepare: async (disk) => {
      const moves = ['', '.x'].map((below) => ({from: `/mail/.A${below}`, to: `/mail/.B${below}`}))
      await beginRename('/mail', moves, environment(disk, 4))
      disk.rename('/mail/.A', '/mail/.B')
      disk.syncDirectory('/mail')
    },
    run: (disk) => openOn(disk, 2),
    allows: async (disk) => is(await found(disk), {'INBOX.B': text('.A'), 'INBOX.B.x': text('.A.x')}),
  },
  'RENAME of a tree with rights': {
    folders: ['.A', '.A.x'],
    prepare: async (disk) => {
      disk.make('/mail/courierimaphieracl', 'directory', 0o755)
      disk.make('/mail/courierimaphieracl/A.y', 'file', 0o644, Buffer.from('anyone lr\n'))
    },
    run: async (disk) => (await openOn(disk, 2)).rename(folderName('INBOX.A'), folderName('INBOX.B')),
    allows: async (disk, isDone) => {
      const folders = await found(disk)
      const [name] = disk.names('/mail/courierimaphieracl')
      if (is(folders, {'INBOX.B': text('.A'), 'INBOX.B.x': text('.A.x')})) return name === 'B.y'
      return !isDone && name === 'A.y' && is(folders, {'INBOX.A': text('.A'), 'INBOX.A.x': text('.A.x')})
    },
  },
  'RENAME of one folder': {
    folders: ['.A'],
    run: async (disk) => (await openOn(disk, 2)).rename(folderName('INBOX.A'), folderName('INBOX.B')),
    allows: async (disk, isDone) => {
      const folders = await found(disk)
      return is(folders, {'INBOX.B': text('.A')}) || (!isDone && is(folders, {'INBOX.A': text('.A')}))
    },
  },
  'a new maildirsize': {
    folders: ['.A'],
    run: (disk) => new AccountQuota('/mail', environment(disk, 2)).recalculate(),
    allows: async (disk) => {
      const size = disk.find('/mail/maildirsize')?.data.toString()
      return size === QUOTA || size === '1000000S\n         200            2\n'
    },
  },
}

async function record({folders, prepare, run}: Scenario): Promise<Recording> {
  const disk = account(folders)
  await found(disk)
  await prepare?.(disk)
  const recording = new Recording(disk)
  await run(disk)
  return recording
}

const powerCut = suite('Power cut while folders change', {limitMs: 120_000})

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  powerCut(`${name}: all or nothing after a kill and a power cut at any call`, async () => {
    const recording = await record(scenario)
    const random = randomNumbers(1)
    const {length} = recording.calls
    assert.ok(length > 2)
    for (let calls = length; calls >= 0; calls -= 1) {
      for (const image of [recording.killedAfter(calls), ...recording.cutAfter(calls, random)]) {
        const disk = diskFrom(image)
        const isAllowed = await scenario.allows(disk, calls === length)
        const left = JSON.stringify([...(await found(disk))])
        assert.ok(isAllowed, `after ${calls} of ${length} calls: ${left}, ${disk.names('/mail')}`)
      }
    }
  })

  powerCut(`${name}: leaving out any one sync breaks a promise`, async () => {
    const recording = await record(scenario)
    const needless: string[] = []
    for (let sync = 0; sync < recording.syncs; sync += 1) {
      if (await breaksWithout(recording, scenario, sync)) continue
      const description = recording.describeSync(sync)
      if (name === 'a new maildirsize' || !SPARE.test(description)) needless.push(description)
    }
    assert.is(needless.join(', '), '')
  })
}

async function breaksWithout(recording: Recording, {allows}: Scenario, sync: number): Promise<boolean> {
  const random = randomNumbers(1)
  const {length} = recording.calls
  for (let calls = length; calls >= 0; calls -= 1) {
    for (const image of recording.cutAfter(calls, random, sync))
      if (!(await allows(diskFrom(image), calls === length).catch(() => false))) return true
  }
  return false
}

powerCut.run()
