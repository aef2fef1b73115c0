/** A session at work beside other programs, and the book of what it may believe. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {FLAG, type Mailstore, type MessageNumber, type View} from '../../src/maildir/types.js'
import {allNumbers, append, INBOX} from './store.js'

/** What a client knows: UID → base name, and what it was told. */
export class Ledger {
  readonly #view: View
  readonly #path: string
  readonly #mayVanish: (base: string) => boolean
  readonly #baseOf = new Map<number, string>()
  readonly #uidOf = new Map<string, number>()
  /** UIDs that our own session expunges. */
  readonly ours = new Set<number>()
  /** UIDs that were ever listed. */
  readonly #told: Set<number>
  uids: number[]

  /** `mayVanish`: the other program deletes messages with these base names. */
  constructor(view: View, path: string, mayVanish: (base: string) => boolean = () => false) {
    this.#view = view
    this.#path = path
    this.#mayVanish = mayVanish
    this.uids = allNumbers(view).map((number) => view.uidOf(number))
    this.#told = new Set(this.uids)
    // The first round may remove messages, and their lines.
    this.checkDatabase()
  }

  /** The other program may delete the message. */
  mayVanish(uid: number): boolean {
    return this.#mayVanish(this.#baseOf.get(uid) ?? '')
  }

  /** The UID database agrees with what it said before: no file has changed its UID, no UID its file. */
  checkDatabase(): void {
    for (const line of readFileSync(join(this.#path, 'courierimapuiddb'), 'latin1').split('\n').slice(1)) {
      const space = line.indexOf(' ')
      if (space < 0) continue
      const uid = Number(line.slice(0, space))
      const base = line.slice(space + 1)
      assert.is(this.#baseOf.get(uid) ?? base, base, `UID ${uid} names two files`)
      assert.is(this.#uidOf.get(base) ?? uid, uid, `${base} has two UIDs`)
      this.#baseOf.set(uid, base)
      this.#uidOf.set(base, uid)
    }
  }

  /** Takes the updates as a client would, and complains about what cannot be. */
  take(): void {
    for (const update of this.#view.updates({expunges: true})) {
      if (update.kind === 'expunge') {
        const [uid] = this.uids.splice(update.number - 1, 1)
        assert.is(uid, update.uid)
        this.#checkGone(update.uid)
      } else if (update.kind === 'exists') {
        while (this.uids.length < update.messages) {
          const uid = this.#view.uidOf((this.uids.length + 1) as MessageNumber)
          this.uids.push(uid)
          this.#told.add(uid)
        }
        assert.is(this.uids.length, update.messages)
      }
    }
    assert.is(new Set(this.uids).size, this.uids.length, 'a message is listed twice')
  }

  /**
   * At rest: every message that was ever listed has one file, unless a command deleted it, and every file is listed. A copy whose
   * source was renamed meanwhile may have left its line in the UID database: nobody was told of that UID.
   */
  checkFiles(): void {
    const bases = this.#bases()
    assert.is(new Set(bases).size, bases.length, 'a message has two files')
    const there = new Set(bases)
    for (const uid of this.#told) {
      const base = this.#baseOf.get(uid)
      assert.ok(base, `UID ${uid} was never in the database`)
      if (!this.ours.has(uid) && !this.#mayVanish(base)) assert.ok(there.has(base), `the file of UID ${uid} (${base}) is lost`)
    }
    assert.is(this.uids.length, bases.length)
    assert.is(this.#view.size, bases.length)
  }

  #checkGone(uid: number): void {
    if (this.ours.has(uid)) return
    const base = this.#baseOf.get(uid) ?? ''
    assert.ok(this.#mayVanish(base), `UID ${uid} (${base}) was said to be gone`)
    assert.not.ok(this.#bases().includes(base), `UID ${uid} (${base}) was said to be gone and has a file`)
  }

  #bases(): string[] {
    return ['cur', 'new'].flatMap((part) => readdirSync(join(this.#path, part)).map((name) => name.replace(/:.*/, '')))
  }
}

/** A session at work: flags, keywords, deliveries, copies, deletions. Answers the number of rounds. */
export async function work(
  isRunning: () => boolean,
  {store, view, ledger}: {store: Mailstore; view: View; ledger: Ledger},
): Promise<number> {
  let round = 0
  for (; isRunning(); round += 1) {
    await view.refresh()
    ledger.take()
    const from = (round * 37) % Math.max(1, view.size - 40)
    const some = allNumbers(view).slice(from, from + 40)
    await view.store(some, {mode: round % 2 ? 'add' : 'remove', flags: FLAG.flagged, keywords: round % 5 === 0 ? ['$Label'] : []})
    if (round % 3 === 0) await append(store, INBOX, `Subject: ${round}\n\nx\n`)
    if (round % 4 === 0) {
      // A copy gets a name of its own, by which nobody could tell that it may vanish.
      const staying = some.filter((number) => !ledger.mayVanish(view.uidOf(number)))
      await view.copy(staying.slice(0, 3), INBOX)
    }
    if (round % 7 === 0) {
      const doomed = some.slice(0, 2)
      for (const number of doomed) ledger.ours.add(view.uidOf(number))
      await view.store(doomed, {mode: 'add', flags: FLAG.deleted, keywords: []})
      await view.expunge(doomed)
    }
    ledger.take()
    ledger.checkDatabase()
  }
  return round
}
