import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {accountDirectory} from '../../../src/maildir/index/flat/flat-index.js'
import {columnsIn, copyRows, type OrderedRows, ROW_BYTES} from '../../../src/maildir/index/flat/row-columns.js'
import {MetadataRows, millisecondsAt} from '../../../src/maildir/index/flat/rows.js'
import {surplus} from '../../../src/maildir/index/flat/trim.js'
import {MemoryIndex} from '../../../src/maildir/index/memory-index.js'
import type {MetadataIndex} from '../../../src/maildir/index/metadata-index.js'
import {Mailstores} from '../../../src/maildir/mailstores.js'
import {NodeFiles} from '../../../src/maildir/node-files.js'
import {
  type Column,
  FLAG,
  type FolderName,
  type Mailstore,
  type MessageMetadata,
  type MessageNumber,
  type MetadataNeed,
  type View,
} from '../../../src/maildir/types.js'
import {fillWithMail} from '../../support/indexed-mail.js'
import {
  allNumbers,
  append,
  flatIndex,
  INBOX,
  LogLines,
  makeFolder,
  openStore,
  storeEnvironment,
  TemporaryMaildir,
} from '../../support/store.js'
import {suite} from '../../support/suite.js'

const flat = suite('Index in files')

/** Counts what is read from the Maildir. */
class CountedFiles extends NodeFiles {
  opened = 0
  listed = 0
  listedCur = 0
  started = 0
  override open(path: string) {
    if (path.includes('/cur/')) this.opened += 1
    return super.open(path)
  }
  override start(path: string) {
    this.started += 1
    return super.start(path)
  }
  override list(path: string) {
    this.listed += 1
    if (path.endsWith('/cur')) this.listedCur += 1
    return super.list(path)
  }
}

class Cache implements Disposable {
  readonly directory: string

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, {recursive: true, force: true})
  }
}

async function sizes(view: View, need: MetadataNeed = 'structure'): Promise<number[]> {
  const all: number[] = []
  for await (const batch of view.metadata(allNumbers(view), need)) for (const {metadata} of batch) all.push(metadata?.wireBytes ?? -1)
  return all
}

async function opened(maildir: TemporaryMaildir, index: MetadataIndex, changes: Parameters<typeof storeEnvironment>[0] = {}) {
  const store = await openStore(maildir, {index, ...changes})
  return {store, view: await store.select(INBOX, {readOnly: false})}
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 60))

flat('a folder that was only opened has no log, and is not listed after a restart; its first change begins one', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 3)
  const first = flatIndex(cache)
  await opened(maildir, first)
  await settled()
  await (await opened(maildir, first)).view.refresh()
  await first.close()
  const names = () =>
    readdirSync(cache.directory, {recursive: true, encoding: 'utf8'})
      .flatMap((name) => /-.*\/(.+)$/.exec(name)?.[1] ?? [])
      .sort()
  assert.equal(names(), ['view'])

  const files = new CountedFiles()
  const second = flatIndex(cache)
  const {view} = await opened(maildir, second, {files})
  assert.is(files.listedCur, 0)
  await view.store(allNumbers(view), {mode: 'add', flags: FLAG.seen, keywords: []})
  await second.close()
  assert.equal(names(), ['log', 'view'])

  const third = flatIndex(cache)
  const again = (await opened(maildir, third)).view
  assert.equal(
    allNumbers(again).map((number) => again.flagsOf(number) & FLAG.seen),
    [FLAG.seen, FLAG.seen, FLAG.seen],
  )
  await third.close()
})

flat('after a restart an unchanged folder is neither listed nor are its messages opened', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 30)
  mkdirSync(join(maildir.path, 'courierimapkeywords'))
  const first = flatIndex(cache)
  const {view, store} = await opened(maildir, first)
  await store.deliver(INBOX, {flags: 0, keywords: ['Blue'], internalDateMs: undefined}).then(async (delivery) => {
    await delivery.write(Buffer.from('Subject: tagged\n\nx\n'))
    await delivery.finish()
  })
  await settled()
  await view.refresh()
  view.updates({expunges: true})
  const expected = await sizes(view)
  await settled()
  await view.refresh()
  const modseqs = allNumbers(view).map((number) => view.modseqOf(number))
  const {highestModseq, uidNext, uidValidity} = view
  await first.close()

  const files = new CountedFiles()
  const second = flatIndex(cache)
  const again = (await opened(maildir, second, {files})).view
  assert.equal(await sizes(again), expected)
  assert.is(files.opened, 1, 'only the one whose header is too large to be kept')
  assert.is(files.listed, 2, 'the directories of keywords and of temporary files')
  assert.equal(
    {...{highestModseq: again.highestModseq, uidNext: again.uidNext, uidValidity: again.uidValidity}},
    {highestModseq, uidNext, uidValidity},
  )
  assert.equal(
    allNumbers(again).map((number) => again.modseqOf(number)),
    modseqs,
  )
  assert.equal(again.keywordsOf(allNumbers(again).at(-1)!), ['Blue'])
  assert.equal(again.keywords, ['Blue'])
  assert.is(again.recent, 0)
  await second.close()
})

flat('after a restart the first unseen message is the same, whether it came before or after the index was written whole', async () => {
  for (const unseen of [0, 1, 1024, 1025, 2100]) {
    using maildir = new TemporaryMaildir()
    using cache = new Cache()
    for (let number = 1; number <= 2100; number += 1)
      maildir.put(`cur/${1_700_000_000 + number}.M${number}.host:2,${number === unseen || number === unseen + 9 ? 'F' : 'S'}`)
    const firstUnseen = async (store: Mailstore, view: View) => {
      const {unseen: count} = await store.status(INBOX)
      return {first: view.firstWithout(FLAG.seen), count}
    }
    const first = flatIndex(cache)
    const {view, store} = await opened(maildir, first)
    await settled()
    await view.refresh()
    const count = [unseen, unseen + 9].filter((number) => number >= 1 && number <= 2100).length
    assert.equal(await firstUnseen(store, view), {first: unseen === 0 ? 9 : unseen, count})
    await first.close()

    const second = flatIndex(cache)
    const again = await opened(maildir, second)
    assert.equal(await firstUnseen(again.store, again.view), {first: unseen === 0 ? 9 : unseen, count})
    await append(again.store, INBOX, 'Subject: unseen\n\nx\n')
    await settled()
    await again.view.refresh()
    await second.close()

    const third = await opened(maildir, flatIndex(cache))
    assert.equal(await firstUnseen(third.store, third.view), {first: unseen === 0 ? 9 : unseen, count: count + 1})
  }
})

flat('after a restart mail that was delivered meanwhile is taken without a look at the messages that were there', async () => {
  for (const meanwhile of ['delivered', 'delivered, and others have renamed a message', 'delivered and taken by others'] as const) {
    using maildir = new TemporaryMaildir()
    using cache = new Cache()
    for (let number = 1; number <= 5; number += 1) maildir.put(`cur/${1_700_000_000 + number}.M${number}.host:2,S`)
    const first = flatIndex(cache)
    const {view} = await opened(maildir, first)
    await settled()
    await view.refresh()
    const {highestModseq, uidValidity} = view
    await first.close()

    maildir.put(meanwhile === 'delivered and taken by others' ? 'cur/1700000006.M6.host:2,F' : 'new/1700000006.M6.host')
    if (meanwhile === 'delivered, and others have renamed a message')
      renameSync(join(maildir.path, 'cur/1700000002.M2.host:2,S'), join(maildir.path, 'cur/1700000002.M2.host:2,FS'))
    await settled()
    const files = new CountedFiles()
    const second = flatIndex(cache)
    const again = (await opened(maildir, second, {files})).view
    assert.equal([again.size, again.uidOf(6 as MessageNumber), again.uidValidity], [6, 6, uidValidity])
    const isTaken = meanwhile === 'delivered and taken by others'
    assert.is(again.isRecent(6 as MessageNumber), true)
    assert.is(again.flagsOf(6 as MessageNumber), isTaken ? FLAG.flagged : 0)
    assert.is((again.flagsOf(2 as MessageNumber) & FLAG.flagged) !== 0, meanwhile === 'delivered, and others have renamed a message')
    assert.ok(again.modseqOf(6 as MessageNumber) > highestModseq)
    assert.is(again.modseqOf(1 as MessageNumber), view.modseqOf(1 as MessageNumber))
    assert.is(files.listedCur > 0, meanwhile !== 'delivered')
    if (meanwhile === 'delivered') {
      // What others may have done in the moment when it was taken is looked for soon, although no session had the folder open then.
      while (files.listedCur === 0) await settled()
      await settled()
      await again.refresh()
      assert.is(files.listedCur, 1)
    }
    await second.close()
  }
})

/** The directory of keywords cannot be read for a while. */
class UnreadableKeywords extends NodeFiles {
  isUnreadable = true
  override list(path: string) {
    if (this.isUnreadable && path.includes('courierimapkeywords')) throw Object.assign(new Error('Broken disk'), {code: 'EIO'})
    return super.list(path)
  }
}

flat('a folder whose keywords could not be read at first is read as it is later, also when its UIDs are others then', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 5)
  mkdirSync(join(maildir.path, 'courierimapkeywords'))
  const first = flatIndex(cache)
  const {store} = await opened(maildir, first)
  await append(store, INBOX, 'Subject: tagged\n\nx\n', {keywords: ['Blue']})
  await settled()
  const before = await store.select(INBOX, {readOnly: false})
  await settled()
  await before.refresh()
  await first.close()

  const files = new UnreadableKeywords()
  const second = flatIndex(cache)
  const again = await openStore(maildir, {index: second, files})
  let failed = false
  await again.select(INBOX, {readOnly: false}).catch(() => {
    failed = true
  })
  assert.ok(failed)
  const database = join(maildir.path, 'courierimapuiddb')
  const [, ...lines] = readFileSync(database, 'latin1').trimEnd().split('\n')
  const others = lines.map((line) => line.replace(/^\d+/, (uid) => `${Number(uid) + 100}`))
  writeFileSync(database, `${['1 777 200', ...others].join('\n')}\n`)
  files.isUnreadable = false
  const view = await again.select(INBOX, {readOnly: false})
  assert.is(view.uidValidity, 777)
  assert.equal(
    allNumbers(view).map((number) => [view.uidOf(number), [...view.keywordsOf(number)]]),
    allNumbers(before).map((number) => [before.uidOf(number) + 100, [...before.keywordsOf(number)]]),
  )
  await second.close()
})

flat('of an empty folder is whole after a restart', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  const first = flatIndex(cache)
  await opened(maildir, first)
  await first.close()
  const log = new LogLines()
  const second = flatIndex({...cache, log})
  await opened(maildir, second)
  await second.close()
  assert.equal(log.lines, [])
})

flat('records that are cut are told once, not at every restart', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 20)
  const told: number[] = []
  for (let start = 0; start < 3; start += 1) {
    const log = new LogLines()
    const index = flatIndex({...cache, log})
    const {view} = await opened(maildir, index)
    await sizes(view)
    await index.close()
    told.push(log.lines.length)
    for (const name of start === 0 ? readdirSync(cache.directory, {recursive: true, encoding: 'utf8'}) : [])
      if (name.endsWith('/records')) writeFileSync(join(cache.directory, name), '')
  }
  assert.equal(told, [0, 1, 0])
})

/** Changes the last octet of a view: it belongs to the rows. */
function damageRows(cache: Cache): void {
  for (const name of readdirSync(cache.directory, {recursive: true, encoding: 'utf8'})) {
    if (!name.endsWith('/view')) continue
    const octets = readFileSync(join(cache.directory, name))
    octets.writeUInt8((octets.at(-1) ?? 0) ^ 1, octets.length - 1)
    writeFileSync(join(cache.directory, name), octets)
  }
}

/** Fills a folder, and leaves an index behind that knows it. Answers the sizes of its messages. */
async function keptSizes(maildir: TemporaryMaildir, cache: Cache): Promise<number[]> {
  fillWithMail(maildir, 20)
  const index = flatIndex(cache)
  const {view} = await opened(maildir, index)
  await settled()
  await view.refresh()
  const known = await sizes(view)
  await index.close()
  return known
}

flat('rows that are damaged while a folder is open are made again, and told once', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  const expected = await keptSizes(maildir, cache)

  const log = new LogLines()
  const second = flatIndex({...cache, log})
  const {view} = await opened(maildir, second)
  const {highestModseq} = view
  damageRows(cache)
  assert.equal(await sizes(view), expected)
  assert.is(log.lines.length, 1)
  await second.close()

  const files = new CountedFiles()
  const third = flatIndex({...cache, log})
  const {view: after} = await opened(maildir, third, {files})
  assert.equal(await sizes(after), expected)
  assert.is(files.opened, 1, 'only the one whose header is too large to be kept')
  assert.is(after.highestModseq, highestModseq)
  assert.is(log.lines.length, 1)
  await third.close()
})

flat('messages are removed without their rows being read, and have none from then on', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  const expected = (await keptSizes(maildir, cache)).slice(10)

  const log = new LogLines()
  const second = flatIndex({...cache, log})
  const {view} = await opened(maildir, second)
  damageRows(cache)
  const half = allNumbers(view).slice(0, 10)
  await view.store(half, {mode: 'add', flags: FLAG.deleted, keywords: []})
  await view.expunge()
  view.updates({expunges: true})
  await second.close()
  assert.is(log.lines.length, 0, 'nobody has seen that they are damaged')
  damageRows(cache)

  for (const round of ['from the log', 'from the view']) {
    const index = flatIndex({...cache, log})
    const {view: after} = await opened(maildir, index)
    assert.equal(await sizes(after), expected, round)
    await index.close()
  }
  assert.is(log.lines.length, 0)
})

/** Reads the metadata of all messages. */
async function readAll(view: View, need: MetadataNeed): Promise<void> {
  for await (const batch of view.metadata(allNumbers(view), need)) for (const {metadata} of batch) assert.ok(metadata)
}

for (const [kind, makeIndex] of [
  ['in files', (cache: Cache) => flatIndex(cache)],
  ['in memory', () => new MemoryIndex(1 << 24)],
] as const) {
  flat(`only the beginnings of files are read for headers; they and sizes that are asked for later are kept ${kind}`, async () => {
    using maildir = new TemporaryMaildir()
    using cache = new Cache()
    for (let number = 0; number < 20; number += 1) maildir.put(`cur/${number}.host:2,S`, `Subject: ${number}\n\n${'text\n'.repeat(4000)}`)
    maildir.put('cur/20.host:2,S', `Subject: long\n${'X-Filler: 0123456789\n'.repeat(1000)}\nbody\n`)
    const files = new CountedFiles()
    const {view} = await opened(maildir, makeIndex(cache), {files})
    await readAll(view, 'header')
    assert.is(files.started, 21)
    assert.is(files.opened, 1, 'the one with a long header')
    await readAll(view, 'size')
    assert.is(files.opened, 22)
    assert.equal((await sizes(view, 'size and header')).at(0), 24_014)
    for (const need of ['date', 'header', 'size', 'size and header'] as const) await readAll(view, need)
    assert.equal([files.started, files.opened], [21, 22])
    await readAll(view, 'structure')
    assert.is(files.opened, 43)
    for (const need of ['header', 'size', 'structure'] as const) await readAll(view, need)
    assert.equal([files.started, files.opened], [21, 43])
  })

  flat(`sessions that ask at once for what is not known read each file once between them ${kind}`, async () => {
    using maildir = new TemporaryMaildir()
    using cache = new Cache()
    for (let number = 0; number < 1500; number += 1) maildir.put(`cur/${number}.host:2,S`, `Subject: ${number}\n\n${'text\n'.repeat(1000)}`)
    const files = new CountedFiles()
    const {view, store} = await opened(maildir, makeIndex(cache), {files})
    const other = await store.select(INBOX, {readOnly: true})
    const [one, two] = await Promise.all([sizes(view), sizes(other)])
    assert.equal(one, two)
    assert.ok(files.opened < 1600, `${files.opened}`)
    let made = 0
    const of = ({header}: MessageMetadata) => {
      made += 1
      return header.length
    }
    const column: Column<number> = {need: 'header', of, octets: () => 8}
    const values = await Promise.all([view, other].map((each) => each.values(column, allNumbers(each))))
    assert.equal(values[0]?.values, values[1]?.values)
    assert.is(made, 1500)
  })

  flat(`headers that are asked for after sizes do not make these unknown ${kind}`, async () => {
    using maildir = new TemporaryMaildir()
    using cache = new Cache()
    for (let number = 0; number < 5; number += 1) maildir.put(`cur/${number}.host:2,S`)
    const files = new CountedFiles()
    const {view} = await opened(maildir, makeIndex(cache), {files})
    const before = await sizes(view, 'size')
    await readAll(view, 'header')
    assert.equal([files.started, files.opened], [5, 5])
    assert.equal(await sizes(view, 'size and header'), before)
    assert.equal(await sizes(view, 'size'), before)
    assert.equal([files.started, files.opened], [5, 5])
  })
}

flat('after a restart what others changed has a new modification sequence, and nothing else has', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 20)
  const first = flatIndex(cache)
  const {view} = await opened(maildir, first)
  await settled()
  await view.refresh()
  await first.close()
  const before = allNumbers(view).map((number) => view.modseqOf(number))
  const name = readdirSync(join(maildir.path, 'cur')).sort()[4] ?? ''
  rmSync(join(maildir.path, 'cur', name))
  const {ino} = statSync(join(maildir.path, 'cur'))
  assert.ok(ino > 0)
  writeFileSync(join(maildir.path, 'cur', name.replace(/:2,.*/, ':2,T')), 'Subject: x\n\n')
  const second = flatIndex(cache)
  const again = (await opened(maildir, second)).view
  const after = allNumbers(again).map((number) => again.modseqOf(number))
  for (const [place, modseq] of after.entries()) {
    if (place === 4) assert.ok(modseq > view.highestModseq, 'the changed one')
    else assert.is(modseq, before[place], `message ${place + 1}`)
  }
  assert.is(again.highestModseq, after[4])
  await second.close()
})

flat('flags and keywords that many messages got are known after a restart, and take a few octets each', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  const count = 1500
  for (let number = 0; number < count; number += 1) maildir.put(`cur/${1000 + number}.M1P1.host,S=10:2,${number % 3 ? 'S' : ''}`)
  const first = flatIndex(cache)
  await opened(maildir, first)
  await first.close()

  const second = flatIndex(cache)
  const {view} = await opened(maildir, second)
  const all = allNumbers(view)
  await view.store(all, {mode: 'add', flags: FLAG.flagged, keywords: []})
  await view.store(all.slice(10, 20), {mode: 'add', flags: FLAG.answered, keywords: ['Blue']})
  await view.store(all.slice(15, 25), {mode: 'remove', flags: FLAG.flagged, keywords: []})
  // The first one may change what is kept of keywords.
  for (let look = 0; look < 2; look += 1) await settled().then(() => view.refresh())
  const told = (each: View) =>
    allNumbers(each).map((number) => [each.uidOf(number), each.flagsOf(number), each.keywordsOf(number), each.modseqOf(number)])
  const expected = told(view)
  await second.close()
  const log = readdirSync(cache.directory, {recursive: true, encoding: 'utf8'}).find((name) => name.endsWith('/log')) ?? ''
  const {size} = statSync(join(cache.directory, log))
  assert.ok(size > count && size < 3 * count, `${size} octets`)

  const third = flatIndex(cache)
  const files = new CountedFiles()
  const again = (await opened(maildir, third, {files})).view
  assert.equal(told(again), expected)
  assert.is(files.listed, 2, 'the directories of keywords and of temporary files')
  await third.close()
})

flat('a message that went while nobody looked raises HIGHESTMODSEQ', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 20)
  const first = flatIndex(cache)
  const {view} = await opened(maildir, first)
  await first.close()
  rmSync(join(maildir.path, 'cur', readdirSync(join(maildir.path, 'cur'))[0] ?? ''))
  const second = flatIndex(cache)
  const again = (await opened(maildir, second)).view
  assert.ok(again.highestModseq > view.highestModseq)
  await second.close()
})

for (const lost of [false, true]) {
  flat(`a clock that is set back a day never makes HIGHESTMODSEQ lower${lost ? ', with the index deleted' : ''}`, async () => {
    using maildir = new TemporaryMaildir()
    using cache = new Cache()
    fillWithMail(maildir, 5)
    let highest = 0
    for (const days of [0, -1, 0, -1]) {
      if (lost) rmSync(cache.directory, {recursive: true, force: true})
      const nowMs = () => Date.now() + days * 86_400_000
      const index = flatIndex({...cache, nowMs})
      const {store, view} = await opened(maildir, index, {nowMs})
      assert.ok(view.highestModseq >= highest, `${view.highestModseq} after ${highest}`)
      const before = view.highestModseq
      await view.store(allNumbers(view), {
        mode: view.flagsOf(allNumbers(view)[0]!) & FLAG.flagged ? 'remove' : 'add',
        flags: FLAG.flagged,
        keywords: [],
      })
      assert.ok(view.highestModseq > before)
      await append(store, INBOX, 'Subject: x\n\n')
      highest = view.highestModseq
      view.close()
      await index.close()
    }
  })
}

flat('of two processes the second does without, and both are right', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 20)
  const indexes = [flatIndex(cache), flatIndex({...cache, pid: 1})]
  const views: View[] = []
  const stores = []
  for (const index of indexes) {
    const {store, view} = await opened(maildir, index)
    stores.push(store)
    views.push(view)
  }
  assert.equal(await sizes(views[0]!), await sizes(views[1]!))
  for (let round = 0; round < 10; round += 1) {
    await append(stores[round % 2]!, INBOX, `Subject: ${round}\n\n${'x'.repeat(round)}\n`)
    const pictures = []
    for (const view of views) {
      await view.refresh()
      view.updates({expunges: true})
      pictures.push(await sizes(view))
    }
    assert.equal(pictures[0], pictures[1])
  }
  assert.is(views[0]?.size, 30)
  for (const index of indexes) await index.close()
})

flat('the lock of a process that has ended is taken over, that of one that lives is not', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  const path = maildir.path
  const dead = flatIndex({...cache, pid: 77})
  assert.ok(dead.mayWrite(path))
  assert.not(flatIndex({...cache, pid: 78}).mayWrite(path))
  const later = flatIndex({...cache, pid: 79, isAlive: () => false})
  assert.ok(later.mayWrite(path))
  const lock = join(cache.directory, accountDirectory(path), 'lock')
  assert.match(readFileSync(lock, 'utf8'), /^79 /)
  await dead.close()
  assert.ok(existsSync(lock), 'not its own any more')
  await later.close()
  assert.not(existsSync(lock))
  // The same number, another process.
  assert.ok(flatIndex({...cache, pid: 80, startOf: () => 'morning'}).mayWrite(path))
  assert.ok(flatIndex({...cache, pid: 81, startOf: (pid) => (pid === 80 ? 'evening' : 'noon')}).mayWrite(path))
  assert.equal(readdirSync(join(cache.directory, accountDirectory(path))).sort(), ['account', 'lock'])
})

flat('what cannot be written is switched off with one log line, and answers stay right', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 20)
  const log = new LogLines()
  const index = flatIndex({...cache, log})
  const {view} = await opened(maildir, index)
  const account = join(cache.directory, accountDirectory(maildir.path))
  const expected = await sizes(view)
  const {dev, ino} = statSync(maildir.path, {bigint: true})
  mkdirSync(account, {recursive: true})
  // Every write fails as on a full disk: the files' place is taken.
  const folder = join(account, `${dev.toString(16)}-${ino.toString(16)}`)
  rmSync(folder, {recursive: true, force: true})
  symlinkSync('/dev/full', folder)
  await index.close()
  assert.equal(await sizes(view), expected)
  assert.equal(await sizes(view), expected)
  assert.is(log.lines.filter((line) => line.startsWith('index.off')).length, 1, log.lines.join('\n'))
  assert.ok(existsSync(join(cache.directory, 'CACHEDIR.TAG')))
})

flat('a closed folder costs no memory: its file is closed and forgotten', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 20)
  makeFolder(join(maildir.path, '.Sub'))
  const index = flatIndex(cache)
  const {store, view} = await opened(maildir, index)
  await sizes(view)
  view.close()
  await store.create('INBOX.New' as FolderName)
  await store.remove('INBOX.New' as FolderName)
  await store.remove('INBOX.Sub' as FolderName)
  await index.close()
  const folders = readdirSync(join(cache.directory, accountDirectory(maildir.path))).filter((name) => name.includes('-'))
  assert.ok(folders.length >= 1)
})

flat('the folders that were written longest ago go first when there is too much', async () => {
  const folder = (name: string, bytes: number, usedMs: number) => ({path: name, bytes, usedMs})
  const folders = [folder('new', 50, 3), folder('old', 50, 1), folder('middle', 50, 2)]
  assert.equal(surplus(folders, 150), [])
  assert.equal(
    surplus(folders, 60).map(({path}) => path),
    ['old', 'middle'],
  )
  using cache = new Cache()
  const account = join(cache.directory, accountDirectory('/x'))
  for (const [place, name] of ['1-1', '1-2', '1-3'].entries()) {
    mkdirSync(join(account, name), {recursive: true})
    writeFileSync(join(account, name, 'view'), Buffer.alloc(1000))
    utimesSync(join(account, name, 'view'), place + 1, place + 1)
  }
  const gone = await flatIndex({...cache, limits: {accountBytes: 2500, totalBytes: 1500}}).trim()
  assert.equal(
    gone.map((path) => path.split('/').at(-1)),
    ['1-1', '1-2'],
  )
  assert.equal(readdirSync(account), ['1-3'])
})

flat('records of messages that are gone are left out when there are many, also after a restart', async () => {
  using maildir = new TemporaryMaildir()
  using cache = new Cache()
  fillWithMail(maildir, 60)
  let index = flatIndex({...cache, deadBytes: 1000})
  let {view} = await opened(maildir, index)
  await sizes(view)
  const records = () => {
    const account = join(cache.directory, accountDirectory(maildir.path))
    const folder = readdirSync(account).find((name) => name.includes('-')) ?? ''
    return statSync(join(account, folder, 'records')).size
  }
  await index.close()
  const before = records()
  for (const name of readdirSync(join(maildir.path, 'cur')).sort().slice(12)) rmSync(join(maildir.path, 'cur', name))
  index = flatIndex({...cache, deadBytes: 1000})
  view = (await opened(maildir, index)).view
  const expected = await sizes(view)
  assert.is(expected.length, 12)
  // A view is written when the log is long: replace messages until it is.
  for (let round = 0; round < 400 && records() >= before; round += 1) {
    await view.store(allNumbers(view), {mode: round % 2 ? 'remove' : 'add', flags: FLAG.flagged, keywords: []})
    await index.close()
    view.close()
    index = flatIndex({...cache, deadBytes: 1000})
    view = (await opened(maildir, index)).view
  }
  assert.ok(records() < before / 2, `${records()} of ${before}`)
  assert.equal(await sizes(view), expected)
  await index.close()
  const files = new CountedFiles()
  index = flatIndex(cache)
  view = (await opened(maildir, index, {files})).view
  assert.equal(await sizes(view), expected)
  assert.is(files.opened, 1)
  await index.close()
})

flat('rows that come in any order are found', () => {
  const rows = new MetadataRows()
  const row = (uid: number, parts = 3) => ({
    uid,
    hash: uid,
    parts,
    inode: 1n,
    mtimeNs: 2n,
    storedBytes: uid,
    wireBytes: 0,
    offset: 0,
    length: 0,
  })
  for (const uid of [5, 9, 2, 7, 100, 1]) rows.put(row(uid))
  rows.remove(9)
  rows.put(row(2, 7))
  assert.is(rows.find(9), -1)
  const uidsOf = ({columns, places}: OrderedRows) => [...places].map((place) => columns.uids[place])
  const check = (...uids: number[]) => {
    for (const uid of uids) assert.is(rows.row(rows.find(uid)).storedBytes, uid)
    assert.is(rows.row(rows.find(2)).parts, 7)
    assert.is(rows.find(3), -1)
    assert.is(rows.live, uids.length)
    assert.equal(uidsOf(rows.inOrder()), uids)
  }
  check(1, 2, 5, 7, 100)
  rows.put(row(9))
  check(1, 2, 5, 7, 9, 100)
  rows.remove(5)
  // There is no room for so many: they move.
  const many = Array.from({length: 300}, (_, place) => 1000 - place)
  for (const uid of many) rows.put(row(uid))
  const all = [1, 2, 7, 9, 100, ...many.toReversed()]
  check(...all)
  const ordered = rows.inOrder()
  const copy = columnsIn(new ArrayBuffer(all.length * ROW_BYTES), all.length)
  copyRows(ordered, copy, {start: 0, end: 100})
  copyRows(ordered, copy, {start: 100, end: all.length})
  assert.equal([...copy.uids], all)
  assert.equal([...copy.sizes], all)
  for (let uid = 710; uid < 900; uid += 2) rows.remove(uid)
  check(...all.filter((uid) => uid < 710 || uid >= 900 || uid % 2 === 1))
})

flat('times are whole milliseconds, exactly', () => {
  const times = BigInt64Array.from([
    0n,
    1n,
    999_999n,
    1_000_000n,
    4_294_967_295n,
    4_294_967_296n,
    1_704_067_200_000_000_000n,
    1_704_067_200_000_999_999n,
    1_704_067_200_001_000_000n,
    -1n,
    -1_500_000n,
    2n ** 63n - 1n,
    ...Array.from({length: 1000}, (_, place) => 1_600_000_000_000_000_000n + BigInt(place) * 123_456_789_123n),
  ])
  for (const [place, time] of times.entries()) assert.is(millisecondsAt(times, place), Number(time / 1_000_000n) + 0)
})

flat('memory is bounded where files are not used', async () => {
  using maildir = new TemporaryMaildir()
  fillWithMail(maildir, 30)
  const index = new MemoryIndex(1)
  const store = await new Mailstores(storeEnvironment({index})).open({maildir: maildir.path, quota: undefined})
  const view = await store.select(INBOX, {readOnly: true})
  assert.equal(await sizes(view), await sizes(view))
})

flat.run()
