/** Connections that break, close one side, or stand still. */
import {randomBytes} from 'node:crypto'
import {once} from 'node:events'
import {readdirSync} from 'node:fs'
import {connect, type Socket} from 'node:net'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {connect as connectTls} from 'node:tls'
import * as assert from 'uvu/assert'
import {isLong} from '../support/is-long.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const cut = suite('Network cut', {limitMs: isLong ? 120_000 : 30_000})

const MIB = 1024 * 1024

/** Pieces that are read and sent for a client, and what the server learns while it runs: four times what is seen. */
const GROWTH_LIMIT = 6 * MIB

/** Ends of a connection: with FIN, and with RST. */
const ENDS = {
  closed: (socket: Socket) => socket.destroy(),
  reset: (socket: Socket) => socket.resetAndDestroy(),
} as const

/** A plain connection, of which nothing is read by itself. */
async function dial({port}: {readonly port: number}): Promise<Socket> {
  const socket = connect({port, host: '127.0.0.1', allowHalfOpen: true})
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Waits for the first of the events. */
function first(socket: Socket, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) socket.off(event, done)
      resolve()
    }
    for (const event of events) socket.on(event, done)
  })
}

/** Reads until the text matches; undefined: to the end. Stops reading then. */
async function read(socket: Socket, until?: RegExp): Promise<string> {
  let text = ''
  while (!until?.test(text)) {
    const chunk = socket.read() as Buffer | null
    if (chunk) text += chunk.toString('latin1')
    else if (socket.readableEnded || socket.destroyed) {
      if (until) throw new Error(`The connection ended after ${JSON.stringify(text.slice(-200))}`)
      break
    } else await first(socket, ['readable', 'end', 'close'])
  }
  return text
}

async function loggedIn(server: ServedMaildir): Promise<Socket> {
  const socket = await dial(server)
  socket.write('l LOGIN tester pass\r\n')
  await read(socket, /^l OK/m)
  return socket
}

/** Waits until the server has let go of all connections but `count`. */
async function onlyConnections(server: ServedMaildir, count: number): Promise<void> {
  for (let i = 0; i < 200 && (await server.connections()) > count; i++) await delay(25)
  assert.is(await server.connections(), count)
}

function filesIn(server: ServedMaildir, folder: string): string[] {
  return readdirSync(join(server.maildir.path, folder)).filter((name) => !name.startsWith('courier'))
}

function bigMessage(octets: number): string {
  const line = `${'x'.repeat(75)}\n`
  return `Subject: big\n\n${line.repeat(Math.ceil(octets / line.length))}`
}

for (const [how, end] of Object.entries(ENDS)) {
  cut(`${how} in the middle of APPEND: no message and no temporary file is left`, async () => {
    await using server = await ServedMaildir.start()
    await using other = await server.client()
    for (const [announced, sent] of [
      ['{100000}', 0],
      ['{100000}', 50_000],
      ['{100000+}', 99_999],
      // Whole, but the command is not: its line has no end.
      ['{100000+}', 100_000],
    ] as const) {
      const socket = await loggedIn(server)
      socket.write(`a APPEND INBOX (\\Seen) ${announced}\r\n`)
      if (!announced.includes('+')) await read(socket, /^\+/m)
      socket.write('x'.repeat(sent))
      if (sent > 0) for (let i = 0; i < 100 && filesIn(server, 'tmp').length === 0; i++) await delay(5)
      end(socket)
      await onlyConnections(server, 1)
      assert.equal(filesIn(server, 'tmp'), [], `${announced} ${sent}`)
      assert.equal(filesIn(server, 'cur'), [])
    }
    assert.match((await other.ok('STATUS INBOX (MESSAGES UIDNEXT)')).join(), /MESSAGES 0 UIDNEXT 1/)
  })

  cut(`${how} in the middle of FETCH, IDLE, SEARCH and a line: the session ends, the others go on`, async () => {
    await using server = await ServedMaildir.start()
    for (let i = 0; i < 20; i++) server.maildir.put(`cur/170000000${i}.M${i}P1.test:2,S`, bigMessage(MIB))
    await using other = await server.client()
    await other.ok('SELECT INBOX')
    for (const [command, answer] of [
      ['f FETCH 1:* (FLAGS BODY.PEEK[])', /FETCH/],
      ['f FETCH 1:* BODY.PEEK[]', undefined],
      ['i IDLE', /^\+/m],
      ['s SEARCH BODY nothing', undefined],
      ['u UID FETCH 1:* (FLA', 'no end'],
      ['q SELECT {500', 'no end'],
      ['q SELECT {500}', /^\+/m],
      ['c COPY 1:* INBOX', undefined],
    ] as const) {
      const socket = await loggedIn(server)
      socket.write('s SELECT INBOX\r\n')
      await read(socket, /^s OK/m)
      socket.write(answer === 'no end' ? command : `${command}\r\n`)
      if (answer instanceof RegExp) await read(socket, answer)
      end(socket)
      await onlyConnections(server, 1)
      await other.ok('NOOP')
    }
    assert.match((await other.ok('SEARCH 1')).join(), /SEARCH 1/)
  })

  cut(`${how} before, in and after the TLS handshake`, async () => {
    await using server = await ServedMaildir.start()
    await using other = await server.client()
    for (const octets of ['', '\x16\x03\x01', 'a NOOP\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']) {
      const socket = await dial(server)
      socket.write('a STARTTLS\r\n')
      await read(socket, /^a OK/m)
      socket.write(octets, 'latin1')
      await delay(20)
      end(socket)
      const direct = await dial({port: server.tlsPort})
      direct.write(octets, 'latin1')
      await delay(20)
      end(direct)
      await onlyConnections(server, 1)
    }
    const raw = await dial(server)
    raw.write('a STARTTLS\r\n')
    await read(raw, /^a OK/m)
    const secure = connectTls({socket: raw, rejectUnauthorized: false})
    secure.on('error', () => {})
    await once(secure, 'secureConnect')
    secure.write('l LOGIN tester pass\r\ni IDLE\r\n')
    await read(secure, /^\+/m)
    end(raw)
    await onlyConnections(server, 1)
    await other.ok('NOOP')
  })
}

cut('what was sent with STARTTLS in clear is not taken for encrypted', async () => {
  await using server = await ServedMaildir.start()
  const raw = await dial(server)
  await read(raw, /^\* OK/m)
  raw.write('a STARTTLS\r\nb CREATE INBOX.injected\r\nc LOGIN tester pass\r\n')
  await read(raw, /^a OK .*\r\n/m)
  const secure = connectTls({socket: raw, rejectUnauthorized: false})
  await once(secure, 'secureConnect')
  secure.write('d NOOP\r\n')
  assert.match(await read(secure, /^d /m), /^d OK[^\r]*\r\n$/)
  secure.destroy()
})

cut('a client that closes its side after the last command gets all answers', async () => {
  await using server = await ServedMaildir.start()
  server.maildir.put('cur/1700000000.M1P1.test:2,S', bigMessage(3 * MIB))
  for (const end of ['', 'd LOGOUT\r\n']) {
    const dialogue = `a LOGIN tester pass\r\nb SELECT INBOX\r\nc FETCH 1 BODY.PEEK[]\r\n${end}`
    const plain = await dial(server)
    plain.end(dialogue)
    const text = await read(plain)
    assert.match(text, /^c OK FETCH completed\./m)
    assert.ok(text.length > 3 * MIB)
    assert.is(/^d OK/m.test(text), end !== '')
    const secure = connectTls({socket: await dial({port: server.tlsPort}), rejectUnauthorized: false, allowHalfOpen: true} as object)
    await once(secure, 'secureConnect')
    secure.end(dialogue)
    assert.match(await read(secure), /^c OK FETCH completed\./m)
  }
  await onlyConnections(server, 0)
})

cut('a client that closes its side in IDLE, in a literal or in a line ends its session', async () => {
  await using server = await ServedMaildir.start()
  for (const last of ['i IDLE\r\n', 'a APPEND INBOX {1000+}\r\nabc', 'a NOO', 'a LIST "" {10}\r\n', '']) {
    const socket = await loggedIn(server)
    socket.end(last)
    await read(socket)
    await onlyConnections(server, 0)
  }
  assert.equal(filesIn(server, 'tmp'), [])
  assert.equal(filesIn(server, 'cur'), [])
})

/** Runs `act` and gives the largest growth of the server's memory seen meanwhile, in octets, and the slowest answer to `probe`. */
async function watched(server: ServedMaildir, probe: () => Promise<unknown>, act: () => Promise<unknown>) {
  const before = await server.memory()
  let [growth, slowestMs, done] = [0, 0, false]
  const acting = act().finally(() => {
    done = true
  })
  while (!done) {
    const began = performance.now()
    await probe()
    slowestMs = Math.max(slowestMs, performance.now() - began)
    growth = Math.max(growth, (await server.memory()) - before)
    await delay(100)
  }
  await acting
  return {growth, slowestMs}
}

for (const [kind, sizes] of [
  ['50 messages of 1 MB', new Array(50).fill(MIB)],
  ['one message of 50 MB', [50 * MIB]],
  ['many messages of 10 KB', new Array(isLong ? 5_000 : 1_000).fill(10_000)],
] as const) {
  for (const tls of [false, true]) {
    cut(
      `${kind} for a client that does not read${tls ? ', with TLS' : ''}: bounded memory, nobody else waits, and nothing is lost`,
      async () => {
        await using server = await ServedMaildir.start()
        for (const [i, size] of sizes.entries()) server.maildir.put(`cur/${1_700_000_000 + i}.M${i}P1.test:2,S`, bigMessage(size))
        await using other = await server.client()
        await other.ok('SELECT INBOX')
        const slow = tls ? connectTls({port: server.tlsPort, host: '127.0.0.1', rejectUnauthorized: false}) : await dial(server)
        slow.on('error', () => {})
        slow.write('l LOGIN tester pass\r\ns SELECT INBOX\r\n')
        await read(slow, /^s OK/m)
        // Once in advance, so that caches are not counted.
        await other.ok('FETCH 1:* RFC822.SIZE')
        const {growth, slowestMs} = await watched(
          server,
          () => other.ok('FETCH 1 (FLAGS BODY.PEEK[HEADER])'),
          async () => {
            slow.write('f FETCH 1:* (UID BODY.PEEK[])\r\n')
            await delay(isLong ? 3_000 : 500)
          },
        )
        assert.ok(growth < GROWTH_LIMIT, `memory grew by ${growth} octets`)
        assert.ok(slowestMs < 3_000, `somebody else waited for ${slowestMs} ms`)
        let octets = 0
        let tail = ''
        while (!/^f OK/m.test(tail)) {
          const chunk = slow.read() as Buffer | null
          if (!chunk) {
            await first(slow, ['readable'])
            continue
          }
          octets += chunk.length
          tail = (tail + chunk.toString('latin1')).slice(-200)
        }
        assert.ok(octets > sizes.reduce((sum, size) => sum + size, 0))
        slow.destroy()
      },
    )
  }
}

cut('commands without end from a client that reads no answer: bounded memory', async () => {
  await using server = await ServedMaildir.start()
  server.maildir.put('cur/1700000000.M1P1.test:2,S', bigMessage(20_000))
  await using other = await server.client()
  for (const command of ['n NOOP\r\n', 'x\r\n', 'f FETCH 1 BODY[]\r\n']) {
    const socket = await loggedIn(server)
    socket.write('s SELECT INBOX\r\n')
    await read(socket, /^s OK/m)
    const many = Buffer.from(command.repeat(20_000))
    const {growth} = await watched(
      server,
      () => other.ok('NOOP'),
      async () => {
        for (let i = 0; i < 20 && !socket.destroyed; i++) {
          if (!socket.write(many)) await Promise.race([first(socket, ['drain', 'close']), delay(50)])
        }
        await delay(200)
      },
    )
    assert.ok(growth < GROWTH_LIMIT, `${command.trim()}: memory grew by ${growth} octets`)
    socket.destroy()
  }
  await onlyConnections(server, 1)
})

cut('a client that sends octet by octet is understood', async () => {
  await using server = await ServedMaildir.start()
  const socket = await dial(server)
  socket.setNoDelay(true)
  for (const octet of 'a LOGIN {6+}\r\ntester pass\r\nb LIST "" "*"\r\n') {
    socket.write(octet)
    await delay(1)
  }
  assert.match(await read(socket, /^b OK/m), /^\* LIST .*INBOX/m)
  socket.destroy()
})

cut('noise of any kind gets an answer or an end, and the server lives', async () => {
  await using server = await ServedMaildir.start()
  await using other = await server.client()
  for (let i = 0; i < (isLong ? 400 : 40); i++) {
    const socket = await dial(server)
    if (i % 2) socket.write('l LOGIN tester pass\r\ns SELECT INBOX\r\n')
    socket.end(randomBytes(1 + Math.floor((i * 977) % 20_000)))
    socket.resume()
    await once(socket, 'close')
  }
  await onlyConnections(server, 1)
  await other.ok('NOOP')
})

cut.run()
