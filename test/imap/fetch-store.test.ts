/** FETCH and SEARCH on a real Maildir: what the store reads is what the client gets. */
import {readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {fetch} from '../../src/imap/verbs/fetch.js'
import {search} from '../../src/imap/verbs/search.js'
import {sort} from '../../src/imap/verbs/sort.js'
import {thread} from '../../src/imap/verbs/thread.js'
import type {MessageNumber, View} from '../../src/maildir/types.js'
import {corpusNames, storedMessage} from '../support/corpus.js'
import {parseFetches} from '../support/fetch-response.js'
import {memoryView, message} from '../support/memory-view.js'
import {runVerb} from '../support/run-verb.js'
import {INBOX, openStore, TemporaryMaildir} from '../support/store.js'
import {suite} from '../support/suite.js'

const test = suite('IMAP FETCH on a Maildir')

async function withView<T>(messages: readonly Buffer[], run: (view: View, maildir: TemporaryMaildir) => Promise<T>): Promise<T> {
  using maildir = new TemporaryMaildir()
  for (const [index, raw] of messages.entries()) {
    const name = `cur/${1_000_000_000 + index}.M1P1.host:2,`
    writeFileSync(join(maildir.path, name), raw)
    utimesSync(join(maildir.path, name), 1_700_000_000 + index, 1_700_000_000 + index)
  }
  const store = await openStore(maildir)
  const view = await store.select(INBOX, {readOnly: false})
  try {
    return await run(view, maildir)
  } finally {
    view.close()
    store.release()
  }
}

const SMALL = ['Subject: one\n\nfirst\n', 'Subject: two\n\nsecond\n', 'Subject: three\n\nthird\n'].map((text) => Buffer.from(text))

test('all messages of the corpus are told as from memory, large ones too', async () => {
  const large = Buffer.from(`Subject: large\n\n${'0123456789\n'.repeat(150_000)}`)
  const messages = [...corpusNames().map(storedMessage), ...SMALL, large]
  const memory = memoryView(messages.map((raw, index) => message(raw, {internalDateMs: (1_700_000_000 + index) * 1000})))
  await withView(messages, async (view) => {
    assert.is(view.size, messages.length)
    for (const items of [
      '(UID INTERNALDATE RFC822.SIZE ENVELOPE)',
      '(BODYSTRUCTURE BODY)',
      '(BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT])',
      '(BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2] BODY.PEEK[2.1]<3.5>)',
      'BODY.PEEK[HEADER.FIELDS (Subject From)]',
    ]) {
      const stored = (await runVerb(fetch, view, `1:* ${items}`)).output
      assert.ok(stored === (await runVerb(fetch, memory, `1:* ${items}`)).output, items)
      assert.is(parseFetches(stored).length, messages.length)
    }
    for (const keys of ['SUBJECT re', 'BODY the', 'TEXT example.com', 'LARGER 5000 NOT BODY a', 'SENTSINCE 1-Jan-2005']) {
      assert.is((await runVerb(search, view, keys)).output, (await runVerb(search, memory, keys)).output, keys)
    }
    assert.is(
      (await runVerb(sort, view, '(SUBJECT DATE) UTF-8 ALL')).output,
      (await runVerb(sort, memory, '(SUBJECT DATE) UTF-8 ALL')).output,
    )
    assert.is((await runVerb(thread, view, 'REFERENCES UTF-8 ALL')).output, (await runVerb(thread, memory, 'REFERENCES UTF-8 ALL')).output)
  })
})

test('\\Seen is on disk when it has been told', async () => {
  await withView(SMALL, async (view, maildir) => {
    const {output} = await runVerb(fetch, view, '1:2 BODY[TEXT]')
    assert.ok(output.endsWith('* 1 FETCH (FLAGS (\\Seen \\Recent))\r\n* 2 FETCH (FLAGS (\\Seen \\Recent))\r\n'), output)
    assert.equal(readdirSync(join(maildir.path, 'cur')).sort(), [
      '1000000000.M1P1.host:2,S',
      '1000000001.M1P1.host:2,S',
      '1000000002.M1P1.host:2,',
    ])
    assert.equal(view.updates({expunges: true}), [])
  })
})

test('more messages than are marked together are all marked', async () => {
  await withView(
    Array.from({length: 150}, () => SMALL[0]!),
    async (view, maildir) => {
      const {output} = await runVerb(fetch, view, '1:* BODY[]')
      assert.is(output.match(/FLAGS \(\\Seen \\Recent\)/g)?.length, 150)
      assert.ok(readdirSync(join(maildir.path, 'cur')).every((name) => name.endsWith(':2,S')))
    },
  )
})

test('a message removed by another program is replaced until the client is told', async () => {
  await withView(SMALL, async (view, maildir) => {
    rmSync(join(maildir.path, 'cur', '1000000001.M1P1.host:2,'))
    const {output} = await runVerb(fetch, view, '1:3 (UID BODY[])')
    assert.equal(
      parseFetches(output)
        .filter(({items}) => items.has('BODY[]'))
        .map(({items}) => String(items.get('BODY[]')).length),
      [SMALL[0]!.length + 3, 129, SMALL[2]!.length + 3],
    )
    assert.not.ok(output.includes('* 2 FETCH (FLAGS'), output)
    await view.refresh()
    assert.equal(
      view.updates({expunges: true}).map(({kind}) => kind),
      ['expunge', 'exists'],
    )
  })
})

test('a header that is too long to be kept is told whole, whatever else is asked for', async () => {
  const long = Buffer.from(`Subject: long\n${'X-Filler: 0123456789\n'.repeat(60_000)}\nbody\n`)
  await withView([long], async (view) => {
    const {output: alone} = await runVerb(fetch, view, '1 BODY.PEEK[HEADER]')
    const header = alone.slice('* 1 FETCH ('.length, -')\r\n'.length)
    assert.is(header.length, 'BODY[HEADER] {1320017}\r\n'.length + 1_320_017)
    for (const item of ['RFC822.SIZE', 'ENVELOPE']) {
      const {output} = await runVerb(fetch, view, `1 (${item} BODY.PEEK[HEADER])`)
      assert.ok(output.endsWith(` ${header})\r\n`), item)
    }
  })
})

test('a message renamed by another program is read under its new name', async () => {
  await withView(SMALL, async (view, maildir) => {
    renameSync(join(maildir.path, 'cur', '1000000000.M1P1.host:2,'), join(maildir.path, 'cur', '1000000000.M1P1.host:2,FS'))
    const {output} = await runVerb(fetch, view, '1 BODY.PEEK[TEXT]')
    assert.is(output, '* 1 FETCH (BODY[TEXT] {7}\r\nfirst\r\n)\r\n')
  })
})

test('a message that was rewritten in place is told as it is now', async () => {
  await withView(SMALL, async (view, maildir) => {
    await runVerb(fetch, view, '1 (ENVELOPE BODY.PEEK[1])')
    const path = join(maildir.path, 'cur', '1000000000.M1P1.host:2,')
    writeFileSync(path, 'Subject: longer than before\nX-More: y\n\nchanged body\n')
    utimesSync(path, 1_800_000_000, 1_800_000_000)
    assert.ok(statSync(path).size > 0)
    assert.is((await runVerb(fetch, view, '1 BODY.PEEK[1]')).output, '* 1 FETCH (BODY[1] {14}\r\nchanged body\r\n)\r\n')
  })
})

test('a message that cannot be read does not hide the others', async () => {
  await withView(SMALL, async (view, maildir) => {
    const path = join(maildir.path, 'cur', '1000000001.M1P1.host:2,')
    rmSync(path)
    // A directory in its place cannot be read as a file, not even by root.
    const {mkdirSync} = await import('node:fs')
    mkdirSync(path)
    let thrown: unknown
    let told = ''
    try {
      told = (await runVerb(fetch, view, '1:3 BODY.PEEK[TEXT]')).output
    } catch (error) {
      thrown = error
    }
    assert.ok(thrown === undefined ? told.includes('third') : thrown instanceof Error && thrown.name === 'Fault', String(thrown))
    assert.type((await runVerb(search, view, 'BODY third')).output, 'string')
  })
})

test('numbers of messages stay while FETCH runs and others come and go', async () => {
  await withView(SMALL, async (view, maildir) => {
    rmSync(join(maildir.path, 'cur', '1000000000.M1P1.host:2,'))
    writeFileSync(join(maildir.path, 'cur', '1000000009.M1P1.host:2,'), SMALL[0]!)
    await view.refresh()
    assert.is(view.size, 3)
    const {output} = await runVerb(fetch, view, '1:3 (UID RFC822.SIZE)')
    assert.equal(
      parseFetches(output).map(({items}) => items.get('UID')),
      [1, 2, 3],
    )
    assert.is(view.uidOf(3 as MessageNumber), 3)
  })
})

test.run()
