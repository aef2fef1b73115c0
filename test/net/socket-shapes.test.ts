import {execFileSync} from 'node:child_process'
import * as assert from 'uvu/assert'
import {suite} from '../support/suite.js'

const shapes = suite('socket shapes', {limitMs: 30_000})

const OPEN_PORT = new URL('../../src/net/open-port.js', import.meta.url).href

/** Prints whether the copies that sockets make of their options are of one hidden class, after a hundred connections. */
const PROGRAM = `
import {once} from 'node:events'
import {connect} from 'node:net'
import {openPort} from ${JSON.stringify(OPEN_PORT)}

const server = await openPort({address: '127.0.0.1', port: 0}, (socket) => socket.destroy())
async function call() {
  const socket = connect(server.address().port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'close')
}
for (let count = 0; count < 100; count += 1) await call()
const copies = []
// A stream asks its options for this one.
Object.defineProperty(Object.prototype, 'construct', {configurable: true, get() { if ('pauseOnCreate' in this) copies.push(this) }})
for (let count = 0; count < 5; count += 1) await call()
console.log(copies.length, copies.every((copy) => %HaveSameMap(copy, copies[0])))
server.close()
`

shapes('the options of all sockets of a port are of one hidden class', () => {
  const answer = execFileSync(process.execPath, ['--allow-natives-syntax', '--input-type=module', '--eval', PROGRAM], {encoding: 'utf8'})
  assert.is(answer, '5 true\n')
})

shapes.run()
