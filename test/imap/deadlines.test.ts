/** What happens to clients that are silent or slow; all deadlines are cut to a moment. */
import {setTimeout as sleep} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {type DeadlineSource, Deadlines} from '../../src/wire/deadlines.js'
import {imapServer} from '../support/imap-server.js'
import {suite} from '../support/suite.js'

const deadlines = suite('IMAP deadlines')

function impatient(): DeadlineSource {
  const real = new Deadlines({tickMs: 5})
  return {
    create(expired) {
      const deadline = real.create(expired)
      return {set: (ms) => deadline.set(Math.min(ms, 250)), clear: () => deadline.clear()}
    },
  }
}

for (const [title, command] of [
  ['a silent session', 'C: a NOOP\nS: a OK NOOP completed'],
  ['half a line', 'C: a NO\\c'],
  ['IDLE', 'C: a IDLE\nS: + entering idle mode'],
  ['a literal that does not come', 'C: a SELECT {5}\nS: + OK'],
  ['a message that stops', 'C: a APPEND INBOX {50}\nS: + OK\nC: abc'],
] as const) {
  deadlines(`${title} ends with BYE`, async () => {
    await using server = await imapServer({connection: {deadlines: impatient()}})
    const imap = await server.login()
    await imap.transcript(`
      ${command.replaceAll('\n', '\n      ')}
      S: * BYE Disconnected for inactivity.
      END
    `)
    imap.socket.end()
    await Promise.all(server.sessions)
    assert.ok(server.log.lines.some((line) => line.startsWith('imap.timeout')))
  })
}

deadlines('a client that does not read loses its connection; others go on', async () => {
  const body = `Subject: big\n\n${'0123456789abcdef\n'.repeat(30_000)}`
  await using server = await imapServer({inbox: [body], connection: {deadlines: impatient()}})
  const imap = await server.login()
  imap.socket.pause()
  imap.socket.write(`a SELECT INBOX\r\n${'b FETCH 1:* BODY.PEEK[]\r\n'.repeat(60)}`)
  await Promise.all(server.sessions)
  assert.ok(server.log.lines.some((line) => line.startsWith('imap.disconnected')))
  const other = await server.login()
  assert.equal(await other.command('NOOP'), ['x OK NOOP completed'])
})

deadlines('an idle client that reads slowly gets changes merged', async () => {
  await using server = await imapServer({inbox: ['Subject: 1\n\n1\n']})
  const imap = await server.login()
  await imap.command('SELECT INBOX')
  await imap.transcript('C: a IDLE\nS: + entering idle mode')
  imap.socket.pause()
  const other = await server.login()
  await other.command('SELECT INBOX')
  for (let i = 0; i < 50; i++) await other.command(`STORE 1 ${i % 2 ? '-' : '+'}FLAGS.SILENT (\\Flagged)`)
  await other.command('STORE 1 FLAGS.SILENT (\\Answered)')
  imap.socket.resume()
  let lines = 0
  for (let line = await imap.lines.line(); line !== '* 1 FETCH (FLAGS (\\Answered))' && lines < 60; line = await imap.lines.line()) {
    if (/Answered/.test(line ?? '')) break
    lines++
  }
  assert.ok(lines <= 52)
  await sleep(5)
  await imap.transcript('C: DONE\nS: a OK IDLE completed')
})

deadlines.run()
