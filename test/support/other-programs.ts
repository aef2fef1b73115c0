/**
 * What others do to a folder while the store works on it: mail programs that rename, deliver and remove without
 * asking, real Courier's scan and STORE under its lock, and clocks that are set.
 */
import {baseName, nameInCur, sortForUids, withFlags} from '../../src/maildir/file-names.js'
import {formatUidDatabase, parseUidDatabase} from '../../src/maildir/uid-database.js'
import {finish} from '../../src/support/steps.js'
import type {SimulatedDisk} from './simulated-disk.js'
import {RacingList, type Surroundings} from './simulated-files.js'

export const FOLDER = '/mail'

/** Who is about. `polite`: flags change under the lock only; `rude`: without it; `wild`: so, while Courier scans. */
export type Manners = 'polite' | 'rude' | 'wild'

const ACTS = [
  'flags',
  'flags',
  'odd-flags',
  'deliver',
  'deliver-by-link',
  'take',
  'expunge',
  'courier',
  'courier',
  'wait',
  'clock',
] as const

/** Something that another program does, `gap` moments after the one before. `pick` chooses among messages and flags. */
export interface Intrusion {
  readonly gap: number
  readonly act: (typeof ACTS)[number]
  readonly pick: number
}

export const INTRUSION_ACTS = ACTS

/** Small and good enough, and the same in every run (mulberry32). */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed | 0
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

export class OtherPrograms implements Surroundings {
  readonly random: (limit: number) => number
  /** Messages whose UIDs Courier forgot, because they were renamed under its `readdir`. */
  readonly forgotten = new Set<string>()
  /** Messages that others removed. */
  readonly removed = new Set<string>()
  /** Messages that had two names for a moment, and for ever when somebody else moved one meanwhile. */
  readonly doubled = new Set<string>()
  readonly #disk: SimulatedDisk
  readonly #manners: Manners
  readonly #intrusions: Intrusion[]
  readonly #lists: RacingList
  readonly #running: Generator<void>[] = []
  readonly #active = new Set<Generator<void>>()
  #wait = 0
  #delivered = 0

  constructor(disk: SimulatedDisk, {manners, intrusions, seed}: {manners: Manners; intrusions: readonly Intrusion[]; seed: number}) {
    this.#disk = disk
    this.#manners = manners
    this.#intrusions = [...intrusions].reverse()
    this.#wait = intrusions[0]?.gap ?? 0
    this.random = randomNumbers(seed)
    this.#lists = new RacingList(disk, this, Number.POSITIVE_INFINITY)
  }

  moment(): void {
    this.#disk.clock.advance(([0, 0.02, 0.1, 0.5, 3] as const)[this.random(5)] ?? 0)
    for (const program of [...this.#running]) if (this.random(2) === 0) this.#step(program)
    if (this.#wait > 0) this.#wait -= 1
    else this.#intrude()
  }

  /** Everything that others have begun is done, and nothing follows. */
  quiet(): void {
    this.#intrusions.length = 0
    while (this.#running.length > 0) for (const program of [...this.#running]) this.#step(program)
  }

  /** Puts a message into `new/` or `cur/`. */
  deliver(directory: 'new' | 'cur', ending = ''): void {
    this.#delivered += 1
    const name = `${1_700_000_000 + this.random(50)}.M${this.#delivered}P1_r.other${ending}`
    this.#disk.make(`${FOLDER}/tmp/${name}`, 'file', 0o600, Buffer.from(`Subject: ${this.#delivered}\n\nx\n`))
    this.#disk.rename(`${FOLDER}/tmp/${name}`, `${FOLDER}/${directory}/${name}`)
  }

  #intrude(): void {
    const intrusion = this.#intrusions.pop()
    if (!intrusion) return
    this.#wait = this.#intrusions.at(-1)?.gap ?? 0
    this.#act(intrusion)
  }

  #act({act, pick}: Intrusion): void {
    const isPolite = this.#manners === 'polite'
    switch (act) {
      case 'flags':
        if (isPolite) this.#running.push(this.#courierStore(pick))
        else this.#rename(pick, withFlags('', pick % 32))
        break
      case 'odd-flags':
        if (!isPolite) this.#rename(pick, `${withFlags('', pick % 32)}${pick % 3 ? 'P' : 'a'}`)
        break
      case 'deliver':
        this.deliver('new')
        break
      case 'deliver-by-link':
        this.#running.push(this.#deliverByLink())
        break
      case 'take':
        this.#running.push(this.#take(pick))
        break
      case 'expunge':
        this.#expunge(pick)
        break
      case 'courier':
        if (this.#manners !== 'rude') this.#running.push(this.#courierScan())
        break
      case 'wait':
        this.#disk.clock.advance(([5, 15, 40, 1500] as const)[pick % 4] ?? 0)
        break
      case 'clock':
        this.#disk.clock.set(([-3_600_000, -4, 7, 3_600_000] as const)[pick % 4] ?? 0)
    }
  }

  #expunge(pick: number): void {
    const name = this.#pick('cur', pick)
    if (name === undefined || pick % 4 !== 0) return
    this.removed.add(baseName(name))
    this.#disk.unlink(`${FOLDER}/cur/${name}`)
  }

  /** A program may be in the middle of a listing, during which moments pass: then it is not continued. */
  #step(program: Generator<void>): void {
    if (this.#active.has(program)) return
    this.#active.add(program)
    let done: boolean | undefined = true
    try {
      done = program.next().done
    } finally {
      this.#active.delete(program)
      const place = this.#running.indexOf(program)
      if (done && place >= 0) this.#running.splice(place, 1)
    }
  }

  #pick(directory: 'new' | 'cur', pick: number): string | undefined {
    const names = this.#disk.names(`${FOLDER}/${directory}`)
    return names[pick % Math.max(1, names.length)]
  }

  #rename(pick: number, ending: string): void {
    const name = this.#pick('cur', pick)
    if (name !== undefined) this.#disk.rename(`${FOLDER}/cur/${name}`, `${FOLDER}/cur/${baseName(name)}${ending}`)
  }

  *#deliverByLink(): Generator<void> {
    this.#delivered += 1
    const name = `${1_700_000_000 + this.random(50)}.M${this.#delivered}P1_l.other`
    this.#disk.make(`${FOLDER}/tmp/${name}`, 'file', 0o600, Buffer.from(`Subject: ${this.#delivered}\n\nx\n`))
    this.#disk.link(`${FOLDER}/tmp/${name}`, `${FOLDER}/new/${name}`)
    yield
    this.#disk.unlink(`${FOLDER}/tmp/${name}`)
  }

  /** A mail program takes a new message: by rename, or as old ones do by link and unlink. */
  *#take(pick: number): Generator<void> {
    const name = this.#pick('new', pick)
    if (name === undefined) return
    const target = `${FOLDER}/cur/${name}${withFlags('', pick % 2 ? 0 : pick % 32)}`
    if (pick % 3) return this.#disk.rename(`${FOLDER}/new/${name}`, target)
    if (this.#disk.find(target)) return
    this.doubled.add(name)
    this.#disk.link(`${FOLDER}/new/${name}`, target)
    yield
    this.#disk.unlink(`${FOLDER}/new/${name}`)
  }

  *#locked(task: () => Generator<void>): Generator<void> {
    const lock = `${FOLDER}/tmp/courier.lock`
    for (let tries = 0; this.#disk.find(lock); tries += 1) {
      if (tries === 300) return
      yield
    }
    this.#disk.make(lock, 'file', 0o644, Buffer.from('77:test.example'))
    yield
    yield* task()
    this.#disk.unlink(lock)
  }

  *#courierStore(pick: number): Generator<void> {
    yield* this.#locked(
      function* (this: OtherPrograms): Generator<void> {
        for (let count = 0; count < 3; count += 1) {
          this.#rename(pick + count, withFlags('', (pick + 7 * count) % 32))
          yield
        }
      }.bind(this),
    )
  }

  *#courierScan(): Generator<void> {
    yield* this.#locked(
      function* (this: OtherPrograms): Generator<void> {
        for (const name of yield* this.#lists.names(`${FOLDER}/new`)) {
          if (!this.#disk.find(`${FOLDER}/new/${name}`)) continue
          this.#disk.rename(`${FOLDER}/new/${name}`, `${FOLDER}/cur/${nameInCur(name)}`)
          yield
        }
        const path = `${FOLDER}/courierimapuiddb`
        const before = parseUidDatabase(this.#disk.find(path)?.data ?? Buffer.alloc(0))
        yield
        const bases = new Set((yield* this.#lists.names(`${FOLDER}/cur`)).map(baseName))
        yield
        if (!before) return
        const kept = [...before.uids].filter(([base]) => bases.has(base))
        for (const name of this.#disk.names(`${FOLDER}/cur`)) {
          const base = baseName(name)
          if (before.uids.has(base) && !bases.has(base)) this.forgotten.add(base)
        }
        const fresh = finish(
          sortForUids(
            [...bases].filter((base) => !before.uids.has(base)),
            (base) => base,
          ),
        )
        for (const [place, base] of fresh.entries()) {
          kept.push([base, before.uidNext + place])
        }
        if (fresh.length === 0 && kept.length === before.uids.size) return
        const text = formatUidDatabase({uidValidity: before.uidValidity, uidNext: before.uidNext + fresh.length}, kept)
        this.#disk.make(`${FOLDER}/tmp/courier.uids`, 'file', 0o600, text)
        yield
        this.#disk.rename(`${FOLDER}/tmp/courier.uids`, path)
        yield
      }.bind(this),
    )
  }
}
