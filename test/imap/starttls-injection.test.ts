/** What is sent in clear behind STARTTLS is never executed (CVE-2011-0411; `design.md` §7, promise 5; example 45). */
import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {setImmediate as turn} from 'node:timers/promises'
import {connect as connectTls, type TLSSocket} from 'node:tls'
import * as assert from 'uvu/assert'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const injection = suite('STARTTLS injection')

const COMMAND = 'a STARTTLS\r\n'
const INJECTED = 'b LOGIN tester pass\r\nc NOOP\r\n'

async function readUntil(stream: Socket | TLSSocket, end: string): Promise<string> {
  let text = ''
  while (!text.includes(end)) {
    const chunk = stream.read() as Buffer | null
    if (chunk) text += chunk.toString('latin1')
    else if (stream.readableEnded || stream.destroyed) break
    else await Promise.race([once(stream, 'readable'), once(stream, 'end'), once(stream, 'close')])
  }
  return text
}

async function greeted({port}: ServedMaildir): Promise<Socket> {
  const socket = connect({port, host: '127.0.0.1', noDelay: true})
  socket.on('error', () => undefined)
  await readUntil(socket, '\r\n')
  return socket
}

/** The handshake; undefined when the server has ended the connection, because the clear text was no TLS. */
async function encrypted(socket: Socket, {certificatePem}: ServedMaildir): Promise<TLSSocket | undefined> {
  const secure = connectTls({socket, servername: 'localhost', ca: certificatePem})
  secure.on('error', () => undefined)
  const done = await Promise.race([once(secure, 'secureConnect').then(() => true), once(secure, 'close').then(() => false)]).catch(
    () => false,
  )
  return done ? secure : undefined
}

async function isUnharmed(secure: TLSSocket): Promise<void> {
  secure.write('d CAPABILITY\r\n')
  const text = await readUntil(secure, 'd OK')
  assert.match(
    text,
    /^\* CAPABILITY [^\r\n]*AUTH=PLAIN[^\r\n]*\r\nd OK/,
    'the first answer is that of the first command under TLS, before any login',
  )
  secure.destroy()
}

injection('in one packet, and at every split within the command, the rest is thrown away', async () => {
  await using server = await ServedMaildir.start()
  const octets = Buffer.from(COMMAND + INJECTED)
  for (let split = 0; split < COMMAND.length; split += 1) {
    const socket = await greeted(server)
    if (split > 0) socket.write(octets.subarray(0, split))
    await turn()
    socket.write(octets.subarray(split))
    assert.match(await readUntil(socket, '\r\n'), /^a OK Begin SSL\/TLS negotiation now\.\r\n$/, `split at ${split}`)
    const secure = await encrypted(socket, server)
    assert.ok(secure, `split at ${split}`)
    await isUnharmed(secure)
  }
  assert.not.match((await server.log()).join('\n'), /imap\.login /)
})

injection('at every split behind the command it is thrown away, or ends the handshake', async () => {
  await using server = await ServedMaildir.start()
  const octets = Buffer.from(COMMAND + INJECTED)
  for (let split = COMMAND.length; split < octets.length; split += 1) {
    const socket = await greeted(server)
    socket.write(octets.subarray(0, split))
    await turn()
    socket.write(octets.subarray(split))
    assert.match(await readUntil(socket, '\r\n'), /^a OK Begin/, `split at ${split}`)
    const secure = await encrypted(socket, server)
    if (secure) await isUnharmed(secure)
  }
  assert.not.match((await server.log()).join('\n'), /imap\.login /)
})

injection('octet by octet it ends the handshake or is thrown away', async () => {
  await using server = await ServedMaildir.start()
  const socket = await greeted(server)
  for (const octet of Buffer.from(COMMAND + INJECTED)) {
    socket.write(Buffer.from([octet]))
    await turn()
  }
  assert.match(await readUntil(socket, '\r\n'), /^a OK Begin/)
  const secure = await encrypted(socket, server)
  if (secure) await isUnharmed(secure)
  assert.not.match((await server.log()).join('\n'), /imap\.login /)
})

injection.run()
