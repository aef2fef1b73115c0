/** The clock of the whole machine is set back, that of the file system too, and nothing but the Maildir remembers what was told. */
import * as assert from 'uvu/assert'
import {folderName} from '../../src/maildir/folder-names.js'
import {NO_INDEX} from '../../src/maildir/index/metadata-index.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {FLAG, type Mailstore} from '../../src/maildir/types.js'
import {UniqueNames} from '../../src/maildir/unique-names.js'
import {SimulatedClock, SimulatedDisk} from '../support/simulated-disk.js'
import {SimulatedFiles} from '../support/simulated-files.js'
import {allNumbers, append, INBOX, storeEnvironment} from '../support/store.js'
import {suite} from '../support/suite.js'

const clock = suite('A clock that is set back, and no index')

const DAY_MS = 86_400_000

function account(): SimulatedDisk {
  const disk = new SimulatedDisk(new SimulatedClock(10))
  for (const part of ['', '/tmp', '/new', '/cur']) disk.make(`/mail${part}`, 'directory', 0o700)
  for (let number = 0; number < 3; number += 1)
    disk.make(`/mail/cur/170000000${number}.m.host,S=13:2,`, 'file', 0o600, Buffer.from('Subject: x\n\nx\n'))
  disk.clock.advance(3_600_000)
  return disk
}

function openOn(disk: SimulatedDisk, pid: number): Promise<Mailstore> {
  const nowMs = () => disk.clock.nowMs
  const names = new UniqueNames({host: 'test.example', pid, nowMicroseconds: () => disk.clock.nowMs * 1000})
  const env = storeEnvironment({files: new SimulatedFiles(disk), nowMs, names, pid, isAlive: () => false, index: NO_INDEX})
  return new Mailstores(env).open({maildir: '/mail', quota: undefined})
}

type Change = (store: Mailstore, times: number) => Promise<unknown>

const CHANGES: Readonly<Record<string, Change>> = {
  'other flags': async (store, times) => {
    const view = await store.select(INBOX, {readOnly: false})
    const mode = times % 2 === 0 ? 'add' : 'remove'
    await view.store(allNumbers(view), {mode, flags: FLAG.flagged, keywords: []})
    view.close()
  },
  'a new message': (store) => append(store, INBOX, 'Subject: new\n\nx\n'),
  'keywords and a removal': async (store, times) => {
    await append(store, INBOX, 'Subject: goes\n\nx\n')
    const view = await store.select(INBOX, {readOnly: false})
    await view.store(allNumbers(view), {mode: 'add', flags: 0, keywords: [`k${times}`]})
    await view.store(allNumbers(view).slice(-1), {mode: 'add', flags: FLAG.deleted, keywords: []})
    await view.expunge()
    view.close()
  },
  'a copy and a move': async (store) => {
    if (!(await store.exists(folderName('INBOX.Other')))) await store.create(folderName('INBOX.Other'))
    await append(store, INBOX, 'Subject: moves\n\nx\n')
    const view = await store.select(INBOX, {readOnly: false})
    await view.copy(allNumbers(view).slice(0, 2), INBOX)
    await view.move(allNumbers(view).slice(-1), folderName('INBOX.Other'))
    view.close()
  },
}

async function highest(store: Mailstore): Promise<number> {
  const {highestModseq} = await store.status(INBOX)
  const view = await store.select(INBOX, {readOnly: true})
  assert.ok(view.highestModseq >= highestModseq, 'SELECT tells less than STATUS')
  view.close()
  return view.highestModseq
}

for (const [what, change] of Object.entries(CHANGES)) {
  clock(`${what}: HIGHESTMODSEQ never goes back, whoever looks`, async () => {
    const disk = account()
    let told = 0
    const look = async (store: Mailstore, when: string) => {
      const now = await highest(store)
      assert.ok(now >= told, `${now} after ${told}, ${when}`)
      told = now
    }
    for (const [round, days] of [0, -1, 0, 0, -1, 2, -3].entries()) {
      disk.clock.set(days * DAY_MS)
      const store = await openOn(disk, 10 + round)
      await look(store, `at the start of round ${round}`)
      for (let times = 0; times < 3; times += 1) {
        await change(store, round + times)
        await look(store, `after a change in round ${round}`)
        disk.clock.advance(5000)
      }
    }
  })
}

clock.run()
