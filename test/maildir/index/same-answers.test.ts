import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {MemoryIndex} from '../../../src/maildir/index/memory-index.js'
import {NO_INDEX} from '../../../src/maildir/index/metadata-index.js'
import type {ImapServer} from '../../support/imap-server.js'
import {answer, clientIn, fillWithMail, QUESTIONS, serverOver, UTF8_QUESTIONS} from '../../support/indexed-mail.js'
import {isLong} from '../../support/is-long.js'
import {flatIndex, TemporaryMaildir} from '../../support/store.js'
import {suite} from '../../support/suite.js'

const same = suite('Answers with and without the index')

const maildir = new TemporaryMaildir()
const MESSAGES = isLong ? 500 : 60
fillWithMail(maildir, MESSAGES)
const directory = mkdtempSync(join(tmpdir(), 'courier-cache-'))
process.on('exit', () => {
  for (const path of [directory, maildir.home]) rmSync(path, {recursive: true, force: true})
})

/** Everything that two sessions may ask. */
async function ask(server: ImapServer, between: () => void = () => {}): Promise<string[]> {
  await using client = await clientIn(server)
  await using utf8 = await clientIn(server)
  await utf8.ok('ENABLE UTF8=ACCEPT')
  const all: string[] = []
  for (const [session, questions] of [
    [client, QUESTIONS],
    [utf8, UTF8_QUESTIONS],
  ] as const) {
    for (const question of questions) {
      all.push(await answer(session, question))
      between()
    }
  }
  return all
}

async function answers(index: Parameters<typeof serverOver>[1], between: () => void = () => {}): Promise<string[]> {
  await using server = await serverOver(maildir, index)
  const all = await ask(server, between)
  await index.close()
  return all
}

const expected = answers(NO_INDEX)

async function compare(actual: readonly string[]): Promise<void> {
  for (const [place, text] of (await expected).entries()) {
    assert.ok(text.endsWith('.') && /\nOK |^OK /.test(text), text.slice(-200))
    assert.is(actual[place], text, [...QUESTIONS, ...UTF8_QUESTIONS][place])
    assert.is(actual.length, QUESTIONS.length + UTF8_QUESTIONS.length)
  }
}

same('in memory', async () => {
  await compare(await answers(new MemoryIndex(1 << 24)))
  await compare(await answers(new MemoryIndex(20_000)))
})

same('in files: cold, warm after a restart, and warm in the same process', async () => {
  await compare(await answers(flatIndex({directory})))
  await compare(await answers(flatIndex({directory})))
  const index = flatIndex({directory})
  await using server = await serverOver(maildir, index)
  for (let round = 0; round < 3; round += 1) await compare(await ask(server))
  await index.close()
})

same('half-filled, at every level', async () => {
  for (const before of [
    'FETCH 1:20 RFC822.SIZE',
    'FETCH 5:30 ENVELOPE',
    'FETCH 9:40 (RFC822.SIZE BODY.PEEK[HEADER])',
    'SEARCH SUBJECT a',
    'SORT (ARRIVAL) UTF-8 1:9',
    'FETCH 40,3,17 BODYSTRUCTURE',
  ]) {
    rmSync(directory, {recursive: true, force: true})
    const index = flatIndex({directory})
    {
      await using server = await serverOver(maildir, index)
      await using client = await clientIn(server)
      await client.ok(before)
    }
    await index.close()
    await compare(await answers(flatIndex({directory})))
  }
})

same('deleted between commands', async () => {
  await compare(await answers(flatIndex({directory}), () => rmSync(directory, {recursive: true, force: true})))
})

same('kept by nobody: the directory cannot be made', async () => {
  await compare(await answers(flatIndex({directory: '/dev/null/cache'})))
})

same.run()
