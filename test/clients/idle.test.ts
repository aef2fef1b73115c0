/** Many sessions that wait, and one that does not listen. */
import {once} from 'node:events'
import {readdirSync, renameSync} from 'node:fs'
import {connect} from 'node:net'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import type {ImapClient} from '../support/imap-client.js'
import {isLong} from '../support/is-long.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const idle = suite('Idle sessions', {limitMs: 60_000})

const SESSIONS = isLong ? 500 : 50

function fill(server: ServedMaildir, messages: number): void {
  for (let i = 1; i <= messages; i++) server.maildir.put(`cur/${1_700_000_000 + i}.M${i}P1.x:2,`)
}

async function told(client: ImapClient, news: RegExp): Promise<void> {
  while (!news.test(await client.line()));
}

idle(`${SESSIONS} sessions are told at once of changes by sessions and by other programs, and need little memory`, async () => {
  await using server = await ServedMaildir.start()
  fill(server, 1_000)
  await using active = await server.client()
  await active.ok('SELECT INBOX')
  const before = await server.memory()
  const idlers: ImapClient[] = []
  for (let i = 0; i < SESSIONS; i++) {
    const client = await server.client()
    await client.ok('SELECT INBOX')
    client.raw('i IDLE\r\n')
    await client.line()
    idlers.push(client)
  }
  const each = ((await server.memory()) - before) / SESSIONS
  assert.ok(each < 80_000, `${each} octets for an idle session`)
  const cur = join(server.maildir.path, 'cur')
  for (const [news, act] of [
    [/^\* 1001 EXISTS/, () => server.maildir.put('new/1700009999.M1P1.x')],
    [/^\* 500 FETCH .*\\Flagged/, () => active.ok('STORE 500 +FLAGS (\\Flagged)')],
    [/^\* 600 FETCH .*\\Answered/, () => renameSync(join(cur, '1700000600.M600P1.x:2,'), join(cur, '1700000600.M600P1.x:2,R'))],
    [/^\* 7 EXPUNGE/, async () => (await active.ok('STORE 7 +FLAGS (\\Deleted)')) && active.ok('EXPUNGE')],
  ] as const) {
    const all = Promise.all(idlers.map((client) => told(client, news)))
    const began = performance.now()
    await act()
    await all
    const ms = performance.now() - began
    assert.ok(ms < 3_000, `${news} took ${ms} ms`)
  }
  for (const client of idlers) client.raw('DONE\r\n')
  await Promise.all(idlers.map((client) => told(client, /^i OK/)))
  await Promise.all(idlers.map((client) => client[Symbol.asyncDispose]()))
  assert.is(readdirSync(cur).length, 1_000)
})

idle('a session that idles and reads nothing gets the sum of the changes in the end', async () => {
  await using server = await ServedMaildir.start()
  fill(server, 1_000)
  await using active = await server.client()
  await active.ok('SELECT INBOX')
  const deaf = connect({port: server.port, host: '127.0.0.1'})
  await once(deaf, 'connect')
  deaf.write('l LOGIN tester pass\r\ns SELECT INBOX\r\ni IDLE\r\n')
  for (let said = ''; !/^\+/m.test(said); ) said += String((await once(deaf, 'data'))[0])
  deaf.pause()
  const before = await server.memory()
  for (let i = 0; i < (isLong ? 300 : 40); i++) await active.ok(`STORE 1:* ${i % 2 ? '-' : '+'}FLAGS.SILENT (\\Answered)`)
  await active.ok('STORE 1:* FLAGS.SILENT (\\Draft)')
  const growth = (await server.memory()) - before
  assert.ok(growth < 8_000_000, `memory grew by ${growth} octets`)
  let text = ''
  deaf.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  deaf.resume()
  deaf.write('DONE\r\nn NOOP\r\n')
  while (!/^n OK/m.test(text)) await once(deaf, 'data')
  const flags = new Map([...text.matchAll(/^\* (\d+) FETCH \(FLAGS \((.*)\)\)\r$/gm)].map((match) => [match[1], match[2]]))
  assert.is(flags.size, 1_000)
  assert.ok([...flags.values()].every((value) => value?.includes('\\Draft') && !value.includes('\\Answered')))
  deaf.destroy()
})

idle.run()
