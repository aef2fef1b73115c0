/** What a session is told, against a client that believes every word (RFC 3501 §7.3, §7.4). */
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {inOrder, type MessageRow, type StateChanges} from '../../src/maildir/folder/chunk.js'
import {Folder} from '../../src/maildir/folder/folder.js'
import {FolderView} from '../../src/maildir/folder/view.js'
import type {FolderName, MessageNumber, Uid} from '../../src/maildir/types.js'
import {UidValidities} from '../../src/maildir/uid-validities.js'
import {isLong} from '../support/is-long.js'
import {SimulatedClock, SimulatedDisk} from '../support/simulated-disk.js'
import {SimulatedFiles} from '../support/simulated-files.js'
import {storeEnvironment} from '../support/store.js'
import {suite} from '../support/suite.js'

const updates = suite('Updates of a view')

const who = fc.constantFrom(0, 1)
const event = fc.oneof(
  {weight: 4, arbitrary: fc.record({kind: fc.constant('take' as const), who, expunges: fc.boolean()})},
  {weight: 3, arbitrary: fc.record({kind: fc.constant('add' as const), count: fc.integer({min: 1, max: 4})})},
  {weight: 3, arbitrary: fc.record({kind: fc.constant('gone' as const), picks: fc.array(fc.nat(20), {maxLength: 4})})},
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('flags' as const),
      by: fc.constantFrom(0, 1, 2),
      picks: fc.array(fc.nat(20), {maxLength: 3}),
      flags: fc.nat(31),
    }),
  },
  // More entries than the journal holds: the views fall behind.
  {weight: 1, arbitrary: fc.record({kind: fc.constant('burst' as const), pick: fc.nat(20)})},
)

/** All of these get the same flags. */
function flagged(uids: readonly Uid[], flags: number): StateChanges {
  return inOrder(new Map(uids.map((uid) => [uid, {flags}])))
}

/** Follows one view. */
class Client {
  readonly view: FolderView
  uids: Uid[] = []
  readonly flags = new Map<Uid, number>()

  constructor(folder: Folder, readOnly: boolean) {
    const refuse = () => Promise.reject(new Error('Not asked for'))
    const account = {copy: refuse, deletedChanges: refuse, removed: refuse, takeBack: refuse}
    this.view = new FolderView({folder, account, readOnly, onClose: () => {}})
    this.#grow(this.view.size)
  }

  take(expunges: boolean): void {
    for (const update of this.view.updates({expunges})) {
      if (update.kind === 'expunge') {
        assert.ok(expunges)
        assert.equal(this.uids.splice(update.number - 1, 1), [update.uid])
        this.flags.delete(update.uid)
      } else if (update.kind === 'exists') {
        this.#grow(update.messages)
        assert.is(update.recent, this.view.recent)
      } else this.#fetch(update.number)
    }
    assert.is(this.view.size, this.uids.length)
    for (const [place, uid] of this.uids.entries()) assert.is(this.view.uidOf((place + 1) as MessageNumber), uid)
    for (const [place, uid] of this.uids.entries()) assert.is(this.view.firstFrom(uid), place + 1)
  }

  /** The client's own STORE: it is told by the command. */
  stores(uids: readonly Uid[], flags: number): void {
    for (const uid of uids) if (this.flags.has(uid)) this.flags.set(uid, flags)
  }

  #grow(messages: number): void {
    assert.ok(messages >= this.uids.length)
    while (this.uids.length < messages) {
      const number = (this.uids.length + 1) as MessageNumber
      this.uids.push(this.view.uidOf(number))
      this.#fetch(number)
    }
  }

  #fetch(number: MessageNumber): void {
    const uid = this.uids[number - 1]
    assert.ok(uid !== undefined, `FETCH of message ${number} of ${this.uids.length}`)
    this.flags.set(uid as Uid, this.view.flagsOf(number))
  }
}

function emptyFolder(): Folder {
  const disk = new SimulatedDisk(new SimulatedClock(10))
  for (const path of ['/mail', '/mail/cur', '/mail/new', '/mail/tmp']) disk.make(path, 'directory', 0o700)
  const env = storeEnvironment({files: new SimulatedFiles(disk), keywordsMode: 0})
  return new Folder(env, {name: 'INBOX' as FolderName, account: '/mail', path: '/mail', validities: new UidValidities(), onLost: () => {}})
}

updates('clients that believe them know every message and its flags, with and without permission to expunge', () => {
  fc.assert(
    fc.property(fc.array(event, {maxLength: 40, size: 'max'}), (events) => {
      const folder = emptyFolder()
      const clients = [new Client(folder, false), new Client(folder, true)]
      let uidNext = 1
      const some = (picks: readonly number[]) => [
        ...new Set(folder.snapshot.size === 0 ? [] : picks.map((pick) => folder.snapshot.uidAt(pick % folder.snapshot.size))),
      ]
      for (const step of events) {
        if (step.kind === 'take') clients[step.who]?.take(step.expunges)
        else if (step.kind === 'add') {
          const uids = Array.from({length: step.count}, () => uidNext++ as Uid)
          folder.touched({recent: uids})
          folder.apply({added: uids.map((uid): MessageRow => ({uid, base: `b${uid}`, info: ':2,', flags: 0, keywordSet: 0, modseq: 0}))})
        } else if (step.kind === 'gone') folder.apply({gone: some(step.picks)})
        else if (step.kind === 'flags') {
          const uids = some(step.picks)
          clients[step.by]?.stores(uids, step.flags)
          folder.apply({changed: flagged(uids, step.flags), by: clients[step.by]?.view})
        } else {
          const uids = some([step.pick])
          for (let count = 0; count < 4200; count += 1) folder.apply({changed: flagged(uids, count % 31)})
        }
      }
      for (const client of clients) {
        client.take(false)
        client.take(true)
        assert.not.ok(client.view.pending)
        assert.equal(client.view.updates({expunges: true}), [])
        const rows = [...folder.snapshot.rows()]
        assert.equal(
          client.uids,
          rows.map(({uid}) => uid),
        )
        assert.equal(
          client.uids.map((uid) => client.flags.get(uid)),
          rows.map(({flags}) => flags),
        )
        client.view.close()
      }
    }),
    {numRuns: isLong ? 3000 : 150},
  )
})

updates.run()
