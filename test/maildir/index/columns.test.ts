/** Columns: values kept in memory are as right as the metadata that they were made of. */
import {rmSync, utimesSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {ColumnBudget} from '../../../src/maildir/folder/column-budget.js'
import {CountedIndex} from '../../../src/maildir/index/counted-index.js'
import {MemoryIndex} from '../../../src/maildir/index/memory-index.js'
import {type MetadataIndex, NO_INDEX} from '../../../src/maildir/index/metadata-index.js'
import type {Column, View} from '../../../src/maildir/types.js'
import {Pace} from '../../../src/support/pace.js'
import type {Steps} from '../../../src/support/steps.js'
import {allNumbers, append, flatIndex, INBOX, openStore, TemporaryMaildir} from '../../support/store.js'
import {suite} from '../../support/suite.js'

const columns = suite('Columns')

/** First lines of headers; counts how often one is looked for. */
function firstLines(): Column<string> & {made: number} {
  const column = {
    need: 'header' as const,
    made: 0,
    of: ({header}: {readonly header: string}) => {
      column.made += 1
      return header.split('\n', 1)[0] ?? ''
    },
    octets: (value: string) => value.length,
  }
  return column
}

function mail(count: number): TemporaryMaildir {
  const maildir = new TemporaryMaildir()
  for (let number = 1; number <= count; number += 1) put(maildir, number, `Subject: ${number}\n\nText\n`)
  return maildir
}

/** A message of an hour ago. */
function put(maildir: TemporaryMaildir, number: number, text: string): void {
  const path = join(maildir.path, `cur/${1_600_000_000 + number}.M${number}P1.host:2,S`)
  writeFileSync(path, text)
  utimesSync(path, Date.now() / 1000 - 3600, Date.now() / 1000 - 3600 - number)
}

async function look(view: View): Promise<void> {
  await view.refresh()
  view.updates({expunges: true})
}

const INDEXES: Readonly<Record<string, () => MetadataIndex>> = {
  'in files': () => flatIndex(),
  'in memory': () => new MemoryIndex(1 << 24),
}

for (const [title, make] of Object.entries(INDEXES)) {
  columns(`${title}: asked again, nothing is worked out again, and all messages have the same values object`, async () => {
    using maildir = mail(300)
    const view = await (await openStore(maildir, {index: make()})).select(INBOX, {readOnly: false})
    const column = firstLines()
    const first = await view.values(column, allNumbers(view))
    assert.is(column.made, 300)
    assert.is(first.values[7], 'Subject: 8')
    await view.store(allNumbers(view).slice(0, 5), {mode: 'add', flags: 2, keywords: []})
    const again = await view.values(column, allNumbers(view))
    assert.equal(again.values, first.values)
    const some = await view.values(column, [7, 3] as never)
    assert.equal(some.values, ['Subject: 7', 'Subject: 3'])
    assert.is(column.made, 300)
    assert.is(await view.values(column, allNumbers(view)), again)
    view.close()
  })

  columns(`${title}: what the index knew and what it did not is counted, and the answers are the same`, async () => {
    using maildir = mail(30)
    const index = new CountedIndex(make())
    const view = await (await openStore(maildir, {index})).select(INBOX, {readOnly: false})
    const [first, second] = [firstLines(), firstLines()]
    const {values} = await view.values(first, allNumbers(view))
    assert.equal(index.counts, {hits: 0, misses: 30})
    assert.equal((await view.values(second, allNumbers(view))).values, values)
    assert.equal(index.counts, {hits: 30, misses: 30})
    view.close()
    await index.close()
  })

  columns(`${title}: new messages are looked at, and gone ones are not told`, async () => {
    using maildir = mail(30)
    const store = await openStore(maildir, {index: make()})
    const view = await store.select(INBOX, {readOnly: false})
    const column = firstLines()
    await view.values(column, allNumbers(view))
    await append(store, INBOX, 'Subject: appended\n\n')
    rmSync(join(maildir.path, `cur/${1_600_000_000 + 2}.M2P1.host:2,S`))
    await look(view)
    const {values} = await view.values(column, allNumbers(view))
    assert.is(values.length, 30)
    assert.equal(values.slice(0, 2), ['Subject: 1', 'Subject: 3'])
    assert.is(values.at(-1), 'Subject: appended')
    assert.is(column.made, 31)
    view.close()
  })

  columns(`${title}: a file that was replaced under its name is looked at again`, async () => {
    using maildir = mail(30)
    const view = await (await openStore(maildir, {index: make()})).select(INBOX, {readOnly: false})
    const column = firstLines()
    await view.values(column, allNumbers(view))
    rmSync(join(maildir.path, `cur/${1_600_000_000 + 4}.M4P1.host:2,S`))
    put(maildir, 4, 'Subject: another text\n\n')
    await look(view)
    const {values} = await view.values(column, allNumbers(view))
    assert.is(values[3], 'Subject: another text')
    assert.is(column.made, 31)
    view.close()
  })

  columns(`${title}: what follows from the values is worked out once`, async () => {
    using maildir = mail(5)
    const view = await (await openStore(maildir, {index: make()})).select(INBOX, {readOnly: false})
    const column = firstLines()
    let cooked = 0
    const recipe = function* (values: readonly (string | undefined)[]): Steps<number> {
      yield
      cooked += 1
      return values.length
    }
    for (let times = 0; times < 3; times += 1) {
      assert.is(await (await view.values(column, allNumbers(view))).derive(recipe, new Pace()), 5)
    }
    // The index may have changed while the values were read: then they are looked up once more.
    assert.ok(cooked <= 2, `${cooked} times`)
    view.close()
  })
}

columns('without an index nothing is kept', async () => {
  using maildir = mail(5)
  const view = await (await openStore(maildir, {index: NO_INDEX})).select(INBOX, {readOnly: false})
  const column = firstLines()
  await view.values(column, allNumbers(view))
  await view.values(column, allNumbers(view))
  assert.is(column.made, 10)
  view.close()
})

columns('what does not fit into the budget is not kept, and the longest unused folder goes first', async () => {
  const budget = new ColumnBudget(100)
  const dropped: string[] = []
  const [a, b, c] = [{}, {}, {}]
  assert.ok(budget.keep(a, 40, () => dropped.push('a')))
  assert.ok(budget.keep(b, 40, () => dropped.push('b')))
  budget.use(a)
  assert.ok(budget.keep(c, 40, () => dropped.push('c')))
  assert.equal(dropped, ['b'])
  assert.not(budget.keep(a, 101, () => dropped.push('a')))
  budget.release(c)
  assert.ok(budget.keep(b, 100, () => dropped.push('b')))
  assert.equal(dropped, ['b'])

  using maildir = mail(20)
  const view = await (await openStore(maildir, {columns: new ColumnBudget(100)})).select(INBOX, {readOnly: false})
  const column = firstLines()
  assert.is((await view.values(column, allNumbers(view))).values[0], 'Subject: 1')
  assert.is((await view.values(column, allNumbers(view))).values[0], 'Subject: 1')
  assert.is(column.made, 40)
  view.close()
})

columns.run()
