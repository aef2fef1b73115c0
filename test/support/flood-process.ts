/**
 * Floods a server from a process of its own: `node flood-process.js KIND PORT COUNT SECONDS`. Comes from 127.0.0.5 to 127.0.0.8.
 *
 * - `dropped`: opens connections and drops them at once
 * - `slow`: opens connections and says an octet now and then, no command
 * - `half-open`: sends the beginning of a TLS handshake (a whole ClientHello) and nothing more
 *
 * Spreads them over the time, prints `done`, and holds what is open until its standard input ends.
 */
import {once} from 'node:events'
import {connect, type Socket} from 'node:net'
import {Duplex} from 'node:stream'
import {setTimeout as delay} from 'node:timers/promises'
import {connect as connectTls} from 'node:tls'

const [kind = '', port = '0', count = '0', seconds = '0'] = process.argv.slice(2)
/** Connections that are on their way at a time. */
const AT_ONCE = 50

/** The first octets of a TLS client. */
function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _, done) => {
        resolve(chunk)
        done()
      },
    })
    connectTls({socket: wire, servername: 'localhost'}).on('error', () => undefined)
  })
}

const hello = await clientHello()
const held = new Set<Socket>()

async function attack(number: number): Promise<void> {
  const socket = connect({port: Number(port), host: '127.0.0.1', localAddress: `127.0.0.${5 + (number % 4)}`})
  socket.on('error', () => socket.destroy())
  socket.on('close', () => held.delete(socket))
  await once(socket, 'connect').catch(() => undefined)
  if (kind === 'dropped') return void socket.resetAndDestroy()
  held.add(socket)
  socket.resume()
  if (kind === 'half-open') socket.write(hello)
  else socket.write('a')
}

const began = performance.now()
const onTheWay = new Set<Promise<void>>()
for (let number = 0; number < Number(count); number += 1) {
  const dueMs = (number / Number(count)) * Number(seconds) * 1000
  const waitMs = dueMs - (performance.now() - began)
  if (waitMs > 1) await delay(waitMs)
  const one: Promise<void> = attack(number).finally(() => onTheWay.delete(one))
  onTheWay.add(one)
  if (onTheWay.size >= AT_ONCE) await Promise.race(onTheWay)
}
await Promise.all(onTheWay)
const drip = setInterval(() => {
  if (kind === 'slow') for (const socket of held) socket.write('b')
}, 500)
process.stdout.write('done\n')
process.stdin.resume()
process.stdin.on('end', () => {
  clearInterval(drip)
  for (const socket of held) socket.destroy()
})
