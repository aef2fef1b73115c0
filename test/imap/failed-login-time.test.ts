import * as assert from 'uvu/assert'
import type {CheckResult, PasswordCheck} from '../../src/auth/account.js'
import {answerTimeMs, type TimeSource} from '../../src/auth/failure-clock.js'
import {imapServer} from '../support/imap-server.js'
import {suite} from '../support/suite.js'

const times = suite('Time of failed logins')

for (const [elapsed, answer] of [
  [0, 2000],
  [1, 2000],
  [1999.9, 2000],
  [2000, 2000],
  [2000.1, 4000],
  [6001, 8000],
] as const) {
  times(`a check of ${elapsed} ms is answered after ${answer} ms`, () => {
    assert.is(answerTimeMs(elapsed, 2000), answer)
  })
}

/** A clock that only moves when somebody sleeps, and the times that were slept. */
class TestTime implements TimeSource {
  #nowMs = 1000

  now(): number {
    return this.#nowMs
  }

  async sleep(ms: number): Promise<void> {
    this.#nowMs += ms
  }
}

const KINDS = ['wrong', 'unknown', 'disabled', 'error'] as const
type Kind = (typeof KINDS)[number]

function resultOf(kind: Kind): CheckResult {
  if (kind === 'disabled') return {outcome: 'accepted', ticket: 'alice'}
  return kind === 'error' ? {outcome: 'unavailable', reason: 'down'} : {outcome: 'refused'}
}

/** How long each kind of check takes: very different times, so that they would show. */
const CHECK_MS: Record<Kind, (random: number) => number> = {
  wrong: (random) => 60 + 10 * random,
  unknown: (random) => random,
  disabled: (random) => 200 * random,
  error: (random) => 1900 * random * random,
}

/** A login of that kind through a whole server; how long it took by the server's clock, and its last line. */
async function attempt(kind: Kind, checkMs: number, command: string): Promise<{readonly ms: number; readonly line: string}> {
  const time = new TestTime()
  const check = async (_request: PasswordCheck) => {
    await time.sleep(checkMs)
    return resultOf(kind)
  }
  await using server = await imapServer({accountOptions: {disableimap: '1'}, settings: {failedLoginMs: 2000}})
  const authenticator = {check, begin: server.auth.begin.bind(server.auth)}
  const account = server.account
  await using other = await imapServer({
    settings: {failedLoginMs: 2000},
    connection: {authenticator, tickets: {redeem: async () => account}, time},
  })
  const imap = await other.connect()
  await imap.lines.line()
  const began = time.now()
  await imap.send(`a ${command}\r\n`)
  let line = await imap.lines.line()
  if (kind === 'disabled') line = await imap.lines.line()
  return {ms: time.now() - began, line: line ?? ''}
}

times('all failures come at the same time, however long their check took', async () => {
  let seed = 7
  const random = () => {
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  }
  for (const command of ['LOGIN alice x', 'AUTHENTICATE PLAIN AGFsaWNlAHg=']) {
    for (const kind of KINDS) {
      for (let round = 0; round < 5; round += 1) assert.is((await attempt(kind, CHECK_MS[kind](random()), command)).ms, 2000, kind)
    }
    for (const kind of KINDS) assert.is((await attempt(kind, 4100, command)).ms, 6000, kind)
  }
})

times('the words are as before', async () => {
  const line = async (kind: Kind) => (await attempt(kind, 3, 'LOGIN alice x')).line
  assert.is(await line('wrong'), 'a NO [AUTHENTICATIONFAILED] Login failed.')
  assert.is(await line('unknown'), 'a NO [AUTHENTICATIONFAILED] Login failed.')
  assert.is(await line('disabled'), '* BYE IMAP access disabled for this account.')
  assert.is(await line('error'), '* BYE [UNAVAILABLE] Temporary problem, please try again later')
})

times('by the real clock: the distributions of the answer times do not differ', async () => {
  const account = {current: 'wrong' as Kind}
  const check = async (): Promise<CheckResult> => {
    const kind = account.current
    await new Promise((done) => setTimeout(done, CHECK_MS[kind](Math.random()) / 20))
    return resultOf(kind)
  }
  await using server = await imapServer({accountOptions: {disableimap: '1'}})
  const disabled = server.account
  await using other = await imapServer({
    settings: {failedLoginMs: 100},
    connection: {authenticator: {check, begin: server.auth.begin.bind(server.auth)}, tickets: {redeem: async () => disabled}},
  })
  const measured = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]))
  for (let round = 0; round < 8; round += 1) {
    for (const kind of KINDS) {
      account.current = kind
      const imap = await other.connect()
      await imap.lines.line()
      const began = performance.now()
      await imap.send('a LOGIN alice x\r\n')
      await imap.lines.line()
      measured.get(kind)?.push(performance.now() - began)
    }
  }
  const median = (list: number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0
  const medians = KINDS.map((kind) => median(measured.get(kind) ?? []))
  // A multiple of the period would be 100 ms away; a check that shows, some milliseconds in one direction.
  assert.ok(Math.max(...medians) - Math.min(...medians) < 20, JSON.stringify(medians))
  assert.ok(Math.min(...medians) >= 98, JSON.stringify(medians))
})

times.run()
