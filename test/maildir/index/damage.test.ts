/**
 * Files of the index are damaged in every way, at rest and under an open session, while mail comes, changes and goes; what the
 * store says stays what it says without an index.
 */
import {mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import type {FileStart, OpenFile} from '../../../src/maildir/files.js'
import {NO_INDEX} from '../../../src/maildir/index/metadata-index.js'
import {Mailstores} from '../../../src/maildir/mailstores.js'
import {covers} from '../../../src/maildir/metadata-need.js'
import {NodeFiles} from '../../../src/maildir/node-files.js'
import {FLAG, type FolderName, type Mailstore, type MetadataNeed, type View} from '../../../src/maildir/types.js'
import {anyDamage, anyFile, DAMAGES, fullDisk, keepCopies, tidyUp} from '../../support/index-damage.js'
import {fillWithMail, mailNumber} from '../../support/indexed-mail.js'
import {isLong} from '../../support/is-long.js'
import {randomNumbers} from '../../support/other-programs.js'
import {allNumbers, append, flatIndex, INBOX, LogLines, makeFolder, storeEnvironment, TemporaryMaildir} from '../../support/store.js'
import {suite} from '../../support/suite.js'

const damage = suite('Damaged index', {limitMs: 120_000})

const NOBODY = 65_534
// Root may read and write everything.
if (process.geteuid?.() === 0) process.seteuid?.(NOBODY)

/** Ten thousand in the long form. */
const ROUNDS = isLong ? 20 : 1
const TIMES = isLong ? 500 : 400
const MESSAGES = 40
const OTHER = 'INBOX.Other' as FolderName
const NEEDS: readonly MetadataNeed[] = ['date', 'size', 'header', 'size and header', 'structure']

type Random = (limit: number) => number

/** Damages after which an older index may be there again, which knows of older modification sequences only. */
const BRINGS_BACK = new Set([
  'as it was some time ago',
  'swapped with that of another folder',
  'not to be read',
  'a directory that cannot be written',
])

/** Members of objects by name. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** All that a view tells about its messages. */
async function picture(view: View, need: MetadataNeed): Promise<string> {
  await view.refresh()
  view.updates({expunges: true})
  const lines: string[] = []
  for await (const batch of view.metadata(allNumbers(view), need)) {
    for (const {number, metadata} of batch) {
      const flags = `${view.uidOf(number)} ${view.flagsOf(number)} ${[...view.keywordsOf(number)].sort().join(' ')} ${metadata?.internalDateMs} ${metadata?.storedBytes}`
      const size = covers(need, 'size') ? metadata?.wireBytes : ''
      const header = covers(need, 'header') ? metadata?.header : ''
      lines.push(
        `${flags} ${size} ${header} ${need === 'structure' ? `${metadata?.isAscii} ${metadata?.envelope} ${metadata?.bodyStructure} ${JSON.stringify(metadata?.structure, inOrder)}` : ''}`,
      )
    }
  }
  return lines.join('\n')
}

/** Counts the messages that are opened. */
class CountedFiles extends NodeFiles {
  opened = 0

  override open(path: string): OpenFile | undefined | Promise<OpenFile | undefined> {
    this.opened += 1
    return super.open(path)
  }

  override start(path: string): FileStart | undefined {
    this.opened += 1
    return super.start(path)
  }
}

/** A store with both folders open. */
interface Opened {
  readonly store: Mailstore
  readonly views: Readonly<Record<string, View>>
}

async function openAll(maildir: TemporaryMaildir, changes: Parameters<typeof storeEnvironment>[0]): Promise<Opened> {
  const store = await new Mailstores(storeEnvironment(changes)).open({maildir: maildir.path, quota: undefined})
  const options = {readOnly: false}
  return {store, views: {inbox: await store.select(INBOX, options), other: await store.select(OTHER, options)}}
}

/** What happens to a folder: by one of two stores, or behind their backs. */
const CHANGES: readonly ((place: {store: Mailstore; view: View; path: string; random: Random; count: number}) => unknown)[] = [
  async ({view, random}) => {
    const numbers = allNumbers(view).slice(random(10), 10 + random(20))
    await view.store(numbers, {mode: random(2) ? 'add' : 'remove', flags: FLAG.flagged | FLAG.answered, keywords: []})
  },
  async ({view, random}) => {
    const numbers = allNumbers(view).slice(random(10), 10 + random(5))
    await view.store(numbers, {mode: random(2) ? 'add' : 'remove', flags: 0, keywords: [`k${random(3)}`]})
  },
  async ({store, view, random, count}) => {
    await append(
      store,
      view.name,
      mailNumber(10 + count)
        .toString('latin1')
        .slice(0, 2000),
      {flags: random(2) ? FLAG.seen : 0},
    )
  },
  async ({view, random}) => {
    if (view.size < MESSAGES / 2) return
    const numbers = allNumbers(view)
    await view.store(numbers.slice(random(numbers.length)).slice(0, 3), {mode: 'add', flags: FLAG.deleted, keywords: []})
    await view.expunge()
  },
  ({path, count}) => writeFileSync(join(path, 'cur', `1700000000.M${count}P9.behind:2,S`), mailNumber(10 + count)),
  ({path, random, count}) => {
    const names = readdirSync(join(path, 'cur')).sort()
    const name = names[random(names.length)] ?? ''
    writeFileSync(join(path, 'tmp/rewritten'), `Subject: another ${count}\n\n${'x'.repeat(random(50))}\n`)
    renameSync(join(path, 'tmp/rewritten'), join(path, 'cur', name))
  },
  ({path, random}) => {
    const names = readdirSync(join(path, 'cur')).sort()
    if (names.length > MESSAGES / 2) rmSync(join(path, 'cur', names[random(names.length)] ?? ''))
  },
]

for (let round = 0; round < ROUNDS; round += 1)
  damage(`at rest and under an open session: answers stay right (${round})`, async () => {
    using maildir = new TemporaryMaildir()
    const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
    try {
      makeFolder(join(maildir.path, '.Other'))
      fillWithMail(maildir, MESSAGES)
      fillWithMail(maildir, MESSAGES / 2, '.Other')
      // Another process: each knows that the other's locks are held.
      const plain = await openAll(maildir, {index: NO_INDEX, pid: process.pid + 1})
      const files = new CountedFiles()
      const begin = async () => {
        const index = flatIndex({directory, deadBytes: 20_000})
        return {index, ...(await openAll(maildir, {index, files}))}
      }
      const random = randomNumbers(42 + round)
      const tallies = {fromIndex: 0, all: 0}
      let highest = 0
      let isOlder = false
      let mine = await begin()
      for (let times = 0; times < TIMES; times += 1) {
        const name = random(2) === 0 ? 'inbox' : 'other'
        const who = random(2) === 0 ? mine : plain
        const view = who.views[name] as View
        if (random(3) !== 0) {
          const path = join(maildir.path, name === 'inbox' ? '' : '.Other')
          await CHANGES[random(CHANGES.length)]?.({store: who.store, view, path, random, count: times})
        }
        const kind = anyDamage(random)
        const atRest = random(2) === 0
        const isFull = random(10) === 0
        using _disk = isFull ? await fullDisk(directory) : undefined
        if (atRest) await mine.index.close()
        else if (random(2) === 0) for (const each of Object.values(mine.views)) await each.refresh()
        const file = anyFile(directory, random)
        if (random(5) === 0) keepCopies(directory)
        const did = `${kind} in ${file.path}, ${atRest ? 'at rest' : 'open'}${isFull ? ', full' : ''} (${times})`
        // Every third time nothing is damaged: the index has to be of use again.
        if (times % 3 !== 0) {
          try {
            DAMAGES[kind]?.(file, random)
          } catch {
            // it is damaged in that way already
          }
        }
        if (atRest) {
          for (const each of Object.values(mine.views)) each.close()
          mine = await begin()
        }
        const need = NEEDS[random(NEEDS.length)] ?? 'size'
        for (const [folder, each] of Object.entries(mine.views)) {
          const before = files.opened
          const actual = await picture(each, need)
          if (need !== 'date') tallies.all += 1
          if (need !== 'date' && files.opened - before < each.size / 4) tallies.fromIndex += 1
          const expected = await picture(plain.views[folder] as View, need)
          if (actual !== expected) assert.is(actual, expected, did)
        }
        const {highestModseq} = mine.views.inbox as View
        isOlder ||= isFull || BRINGS_BACK.has(kind)
        if (!(atRest && isOlder)) assert.ok(highestModseq >= highest, `HIGHESTMODSEQ went from ${highest} to ${highestModseq}: ${did}`)
        if (atRest) isOlder = isFull
        highest = highestModseq
        tidyUp(directory)
      }
      await mine.index.close()
      assert.ok(tallies.fromIndex > tallies.all / 4, `only ${tallies.fromIndex} of ${tallies.all} answers came from the index`)
    } finally {
      rmSync(directory, {recursive: true, force: true})
    }
  })

damage('is logged, set aside, and made good', async () => {
  using maildir = new TemporaryMaildir()
  fillWithMail(maildir, 12)
  const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
  try {
    const log = new LogLines()
    for (const round of [0, 1, 2]) {
      const index = flatIndex({directory, log})
      const store = await new Mailstores(storeEnvironment({index})).open({maildir: maildir.path, quota: undefined})
      const view = await store.select(INBOX, {readOnly: true})
      await picture(view, 'structure')
      await index.close()
      const [account = ''] = readdirSync(directory).filter((name) => name !== 'CACHEDIR.TAG')
      const [folder = ''] = readdirSync(join(directory, account)).filter((name) => name.includes('-'))
      const files = readdirSync(join(directory, account, folder))
      if (round === 0) writeFileSync(join(directory, account, folder, 'view'), 'garbage')
      else {
        assert.ok(files.includes('view.damaged') && files.includes('view'))
        assert.is(log.lines.filter((line) => line.startsWith('index.damaged')).length, 1)
      }
    }
  } finally {
    rmSync(directory, {recursive: true, force: true})
  }
})

damage.run()
