import {Duplex} from 'node:stream'
import {setTimeout as sleep} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {Hangup} from '../../src/support/fault.js'
import {Channel} from '../../src/wire/channel.js'
import {type Deadline, Deadlines} from '../../src/wire/deadlines.js'
import {LIMITS} from '../../src/wire/limits.js'
import {suite} from '../support/suite.js'

const channels = suite('Channel')

const SOON = {withinMs: 5_000}

/** A stream whose reader takes what it is given, when it is told to. */
class Peer extends Duplex {
  readonly written: Buffer[] = []
  taking = true
  #waiting: (() => void) | undefined

  constructor() {
    super({allowHalfOpen: true})
  }

  override _read(): void {}

  override _writev(chunks: readonly {chunk: Buffer}[], taken: () => void): void {
    this.written.push(Buffer.concat(chunks.map(({chunk}) => chunk)))
    if (this.taking) setImmediate(taken)
    else this.#waiting = taken
  }

  /** Takes the write that waits. */
  takeWaiting(): void {
    const taken = this.#waiting
    this.#waiting = undefined
    taken?.()
  }
}

function channel(options: {encrypted?: boolean; stalledWriteMs?: number} = {}): {peer: Peer; wire: Channel} {
  const peer = new Peer()
  const wire = new Channel(peer, {deadlines: new Deadlines({tickMs: 5}), encrypted: false, ...options})
  return {peer, wire}
}

async function hangup(work: Promise<unknown> | undefined): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof Hangup) return error.reason
    throw error
  }
  throw new Error('No Hangup')
}

channels('lines that came together let others run in between', async () => {
  const {peer, wire} = channel()
  peer.push('NOOP\n'.repeat(200))
  let turns = 0
  let counting = true
  const count = (): void => {
    turns += 1
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  for (let line = 0; line < 200; line += 1) {
    assert.is((await wire.readLine(100, SOON))?.bytes.toString(), 'NOOP')
    const end = performance.now() + 0.5
    while (performance.now() < end) {}
  }
  counting = false
  // 100 ms of work, no more than 4 at once.
  assert.ok(turns >= 10, `${turns} turns`)
})

channels('reads lines and octets and counts them', async () => {
  const {peer, wire} = channel()
  peer.push('one\r\ntwo {3}\r\nabcrest')
  assert.is((await wire.readLine(100, SOON))?.bytes.toString(), 'one')
  assert.is((await wire.readLine(100, SOON))?.bytes.toString(), 'two {3}')
  assert.is((await wire.read(3, SOON))?.toString(), 'abc')
  peer.push(null)
  assert.is(await wire.readLine(100, SOON), undefined)
  assert.is(wire.received, 21)
})

channels('cuts lines that are too long and goes on behind them', async () => {
  const {peer, wire} = channel()
  peer.push(`${'x'.repeat(10)}\r\n${'y'.repeat(11)}\r\n`)
  peer.push(`${'z'.repeat(5_000)}`)
  peer.push(`${'z'.repeat(5_000)} {3+}\r\nok\r\n`)
  assert.is((await wire.readLine(10, SOON))?.cut, false)
  const second = await wire.readLine(10, SOON)
  assert.is(second?.cut, true)
  assert.is(second?.bytes.toString(), 'y'.repeat(10))
  const third = await wire.readLine(10, SOON)
  assert.is(third?.cut, true)
  assert.ok(third?.tail.toString().endsWith(' {3+}'))
  assert.is((await wire.readLine(10, SOON))?.bytes.toString(), 'ok')
})

channels('a line without an end ends the connection, not the memory', async () => {
  const {peer, wire} = channel()
  const flood = (async () => {
    const chunk = Buffer.alloc(1024 * 1024, 0x78)
    for (let i = 0; i < LIMITS.discarded / chunk.length + 3 && !peer.destroyed; i++) {
      peer.push(chunk)
      await sleep(0)
    }
  })()
  assert.is(await hangup(wire.readLine(100, SOON)), 'limit')
  wire.destroy(new Hangup('limit'))
  await flood
})

channels('takes nothing from the stream while nobody reads', async () => {
  const {peer, wire} = channel()
  let more = true
  for (let i = 0; i < 100 && more; i++) more = peer.push(Buffer.alloc(4_096))
  await sleep(5)
  assert.is(more, false)
  assert.is(wire.received, 0)
})

channels('gives the stream away with all that was received and not read, and its next owner reads on', async () => {
  const {peer, wire} = channel()
  peer.push('a LOGIN x y\r\nb SEL')
  assert.is((await wire.readLine(100, SOON))?.bytes.toString(), 'a LOGIN x y')
  peer.push('ECT INBOX\r\n')
  await sleep(5)
  const released = wire.release()
  assert.is(released.stream, peer)
  assert.is(released.unread.toString(), 'b SELECT INBOX\r\n')
  assert.is(await hangup(wire.readLine(100, SOON)), 'closed')
  wire.destroy(new Hangup('closed'))
  assert.is(peer.destroyed, false)
  const next = new Channel(peer, {deadlines: new Deadlines(), encrypted: false, unread: released.unread})
  assert.is(next.received, 16)
  assert.is((await next.readLine(100, SOON))?.bytes.toString(), 'b SELECT INBOX')
  peer.push('c NOOP\r\n')
  peer.push(null)
  assert.is((await next.readLine(100, SOON))?.bytes.toString(), 'c NOOP')
  assert.is(await next.readLine(100, SOON), undefined)
  assert.is(next.received, 24)
})

channels('counts anew when a session begins, with what was received and not read', async () => {
  const {peer, wire} = channel()
  peer.push('a LOGIN x y\r\nb SEL')
  assert.is((await wire.readLine(100, SOON))?.bytes.toString(), 'a LOGIN x y')
  await wire.write([Buffer.from('* OK\r\n')])
  wire.countAnew()
  assert.equal([wire.received, wire.sent], [5, 0])
  peer.push('ECT INBOX\r\n')
  assert.is((await wire.readLine(100, SOON))?.bytes.toString(), 'b SELECT INBOX')
  await wire.write([Buffer.from('b OK\r\n')])
  assert.equal([wire.received, wire.sent], [16, 6])
})

channels('a stream that has ended is given away as one that has', async () => {
  const {peer, wire} = channel()
  peer.push('a\r\n')
  peer.push(null)
  await wire.readLine(100, SOON)
  assert.is(await wire.readLine(100, SOON), undefined)
  const {stream, unread} = wire.release()
  assert.is(await new Channel(stream, {deadlines: new Deadlines(), encrypted: false, unread}).readLine(100, SOON), undefined)
})

channels('reads have a deadline', async () => {
  const {wire} = channel()
  assert.is(await hangup(wire.readLine(100, {withinMs: 20})), 'idle')
  assert.is(wire.signal.aborted, false)
})

channels('the time between two reads counts for neither', async () => {
  const {peer, wire} = channel()
  const first = wire.readLine(100, {withinMs: 20})
  peer.push('one\n')
  assert.is((await first)?.bytes.toString(), 'one')
  await sleep(60)
  const second = wire.readLine(100, SOON)
  await sleep(60)
  peer.push('two\n')
  assert.is((await second)?.bytes.toString(), 'two')
  assert.is(await hangup(wire.readLine(100, {withinMs: 20})), 'idle')
})

channels('an interrupted read ends, writes go on', async () => {
  const {peer, wire} = channel()
  const reading = hangup(wire.readLine(100, SOON))
  wire.interrupt(new Hangup('shutdown'))
  assert.is(await reading, 'shutdown')
  assert.is(await hangup(wire.readLine(100, SOON)), 'shutdown')
  await wire.write([Buffer.from('* BYE\r\n')])
  assert.is(Buffer.concat(peer.written).toString(), '* BYE\r\n')
})

channels('a write waits for the peer, and for a stalled one not for ever', async () => {
  const {peer, wire} = channel({stalledWriteMs: 300})
  peer.taking = false
  let done = false
  const writing = wire.write([Buffer.alloc(100)])?.then(() => {
    done = true
  })
  await sleep(5)
  assert.is(done, false)
  peer.takeWaiting()
  await writing
  assert.is(await hangup(wire.write([Buffer.alloc(100)])), 'stalled')
  assert.is(peer.destroyed, true)
  assert.is(wire.signal.aborted, true)
})

channels('a write ends when the connection does', async () => {
  const {peer, wire} = channel()
  peer.taking = false
  const writing = hangup(wire.write([Buffer.alloc(100)]))
  peer.destroy()
  assert.is(await writing, 'closed')
  assert.is(await hangup(wire.write([Buffer.alloc(1)])), 'closed')
  assert.is(await hangup(wire.readLine(10, SOON)), 'closed')
})

channels('an encrypted stream gets pieces, each after the one before', async () => {
  const {peer, wire} = channel({encrypted: true})
  peer.taking = false
  const message = Buffer.from(Array.from({length: 100_000}, (_, i) => i % 251))
  const writing = wire.write([message.subarray(0, 10), message.subarray(10)])
  for (let pieces = 1; pieces <= Math.ceil(message.length / LIMITS.tlsPiece); pieces++) {
    await sleep(2)
    assert.is(peer.written.length, pieces)
    peer.takeWaiting()
  }
  await writing
  assert.ok(peer.written.every((piece) => piece.length <= LIMITS.tlsPiece))
  assert.ok(Buffer.concat(peer.written).equals(message))
  assert.is(wire.sent, message.length)
})

channels('what was received in clear is gone after encryption began', async () => {
  const {peer, wire} = channel()
  peer.push('STARTTLS\r\nLOGIN a b\r\n')
  await wire.readLine(100, SOON)
  peer.push('more\r\n')
  wire.discardReceived()
  const inner = new Peer()
  await wire.encrypt(async () => inner)
  inner.push('NOOP\r\n')
  assert.is((await wire.readLine(100, SOON))?.bytes.toString(), 'NOOP')
})

channels('deadlines can be moved and cleared, and share one timer', async () => {
  const deadlines = new Deadlines({tickMs: 5})
  const rung: string[] = []
  const made = (name: string) => {
    let ring = () => {}
    const rings = new Promise<void>((resolve) => (ring = resolve))
    const deadline = deadlines.create(() => {
      rung.push(name)
      ring()
    })
    return {deadline, rings}
  }
  const [early, moved, later, cleared] = ['early', 'moved', 'later', 'cleared'].map(made) as [Made, Made, Made, Made]
  moved.deadline.set(30_000)
  later.deadline.set(40)
  cleared.deadline.set(40)
  early.deadline.set(500)
  early.deadline.set(10)
  later.deadline.set(30_000)
  cleared.deadline.clear()
  await early.rings
  assert.equal(rung, ['early'])
  moved.deadline.set(80)
  await moved.rings
  assert.equal(rung, ['early', 'moved'])
  later.deadline.clear()
})

type Made = {readonly deadline: Deadline; readonly rings: Promise<void>}

channels.run()
