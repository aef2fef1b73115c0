import * as assert from 'uvu/assert'
import type {Inspectable, SessionInfo, TraceItem} from '../../src/services/control/inspectable.js'
import {InspectedParts} from '../../src/services/control/inspected-parts.js'
import {inspectionDesk, type Say} from '../../src/services/processes/answer-inspection.js'
import {type Inspection, isInspection, readInspectionAnswer} from '../../src/services/processes/inspection.js'
import {watchLife} from '../../src/services/processes/life-watch.js'
import {RemoteInspection} from '../../src/services/processes/remote-inspection.js'
import {BadSyntax} from '../../src/support/fault.js'
import {PlainRecord} from '../../src/support/plain-record.js'
import {type ControlledImap, controlledImap} from '../support/controlled-server.js'
import {LogLines} from '../support/store.js'
import {suite} from '../support/suite.js'

const inspection = suite('Inspection of processes', {limitMs: 20_000})

async function all(part: Inspectable): Promise<SessionInfo[]> {
  const sessions: SessionInfo[] = []
  for await (const some of part.sessions()) sessions.push(...some)
  return sessions
}

/** A process at the other end of a channel: everything goes over it as JSON. */
function remote({inspector}: Pick<ControlledImap, 'inspector'>, sent: (confirm: () => void) => void = (confirm) => confirm()) {
  const log = new LogLines()
  const say: Say = (answer, confirm = () => {}) => {
    part.take(readInspectionAnswer(new PlainRecord(JSON.parse(JSON.stringify(answer)))))
    sent(confirm)
  }
  const desk = inspectionDesk(inspector, say)
  const part: RemoteInspection = new RemoteInspection({
    title: 'courier: test',
    log,
    answerMs: 5_000,
    send: (question) => {
      const message = JSON.parse(JSON.stringify(question)) as Inspection
      assert.ok(isInspection(message))
      void desk(message)
    },
  })
  return {part, log}
}

inspection('sessions, states and kicks over a channel are as without it', async () => {
  await using host = await controlledImap()
  const {part} = remote(host)
  const client = await host.imap.login()
  await client.command('SELECT INBOX')
  assert.equal(await all(part), await all(host.inspector))
  const [state] = await part.states()
  assert.is(state?.role, 'server')
  assert.equal(state?.sessions, {IMAP: 1})
  assert.is(await part.kick({user: 'nobody'}), 0)
  assert.is(await part.kick({user: 'alice'}), 1)
  assert.is(await client.lines.line(), '* BYE Disconnected by the administrator.')
})

inspection('thousands of sessions are listed whole, and keep the event loop from nobody', async () => {
  await using host = await controlledImap()
  const facts = {
    ...{protocol: 'IMAP', user: 'ann@example.com', ip: '::ffff:192.0.2.1', port: 1, encrypted: false, folder: 'INBOX', command: 'IDLE'},
    ...{beganMs: 1, activeMs: 1, received: 10, sent: 20},
  }
  for (let i = 0; i < 5_000; i++) host.inspector.book.join({...facts, facts: () => facts, kick() {}, trace() {}})
  let turns = 0
  let isOver = false
  const count = () => {
    turns += 1
    if (!isOver) setImmediate(count)
  }
  count()
  const sessions = await all(remote(host).part)
  isOver = true
  assert.is(new Set(sessions.map(({id}) => id)).size, 5_000)
  assert.ok(turns > 10, `The loop had ${turns} turns`)
})

inspection('a trace goes on in processes that begin later, and ends everywhere', async () => {
  await using one = await controlledImap()
  await using two = await controlledImap()
  const parts = new InspectedParts([remote(one).part])
  const items: TraceItem[] = []
  const stop = parts.trace({user: 'alice', contents: false}, (item) => items.push(item))
  const late = remote(two).part
  parts.add(late)
  const [first, second] = [await one.imap.login(), await two.imap.login()]
  await first.command('NOOP', 'one')
  await second.command('NOOP', 'two')
  const texts = items.map(({text}) => text)
  assert.ok(texts.includes('one NOOP') && texts.includes('two NOOP'), texts.join('\n'))
  parts.delete(late)
  const before = items.length
  stop()
  await first.command('NOOP', 'three')
  assert.is(items.length, before)
})

inspection('a supervisor that does not keep up costs lines of the trace, which is told, and no memory', async () => {
  await using host = await controlledImap()
  let hold: (() => void)[] | undefined = []
  const {part} = remote(host, (confirm) => (hold ? hold.push(confirm) : confirm()))
  const items: TraceItem[] = []
  const stop = part.trace({user: 'alice', contents: false}, (item) => items.push(item))
  for (let i = 0; i < 3_000; i++) host.inspector.log.info('test.event', {user: 'alice', count: i})
  assert.is(items.length, 1_000)
  for (const confirm of hold) confirm()
  hold = undefined
  host.inspector.log.info('test.event', {user: 'alice', count: 3_000})
  assert.equal(
    items.slice(1_000).map(({text}) => text),
    ['[2000 lines were too fast and are not shown]', 'test.event, user=alice, count=3000'],
  )
  stop()
})

inspection('a process that does not answer is left out and told; one that ends settles what waits', async () => {
  const log = new LogLines()
  const silent = new RemoteInspection({title: 'courier: mail 1:1', log, answerMs: 5, send: () => {}})
  assert.equal(await all(silent), [])
  assert.match(log.lines.join('\n'), /^server\.no-answer .*courier: mail 1:1/m)
  const gone = new RemoteInspection({title: 'x', log, answerMs: 60_000, send: () => {}})
  const waiting = gone.kick({user: 'x'})
  gone.close()
  assert.is(await waiting, 0)
})

inspection('a process whose loop hangs is noticed, once; one that answers or has ended is not', async () => {
  const answers = [true, true, false]
  const hung = await new Promise<number>((resolve) => {
    watchLife({everyMs: 1, limitMs: 7, answers: async (limitMs) => (limitMs === 7 ? (answers.shift() ?? true) : true), hangs: resolve})
  })
  assert.equal([hung, answers], [7, []])
  let asked = 0
  await new Promise<void>((resolve) => {
    const end = watchLife({
      everyMs: 1,
      answers: async () => {
        asked += 1
        if (asked === 3) {
          end()
          setImmediate(resolve)
        }
        return asked < 3
      },
      hangs: () => assert.unreachable('It was let go'),
    })
  })
  await using host = await controlledImap()
  assert.ok(await remote(host).part.answers(1_000))
  const silent = new RemoteInspection({title: 'x', log: new LogLines(), send: () => {}})
  assert.not.ok(await silent.answers(1))
})

for (const [title, message] of [
  ['no request', {kind: 'inspected'}],
  ['sessions that are no list', {request: 1, sessions: {}}],
  ['a session without a user', {request: 1, sessions: [{id: 'x'}]}],
  ['numbers that are none', {request: 1, kicked: 'many'}],
  ['a trace of its own kind', {request: 1, traced: {time: 1, id: '', from: 'nowhere', text: ''}}],
  ['states with a hole', {request: 1, states: [null]}],
] as const) {
  inspection(`a process that was taken over says ${title}: refused`, () => {
    assert.throws(
      () => readInspectionAnswer(new PlainRecord(message)),
      (error: unknown) => error instanceof BadSyntax,
    )
  })
}

inspection.run()
