/** A session of its own that sends NOOPs until its standard input ends, and then says how long each took, as JSON. For `login-load.ts`. */
import {setTimeout as sleep} from 'node:timers/promises'
import {BenchClient} from '../bench/client.js'

const PAUSE_MS = 10

let over = false
process.stdin.on('end', () => {
  over = true
})
process.stdin.resume()

const client = await BenchClient.login(Number(process.argv[2]), process.argv[3] ?? '')
const took: number[] = []
console.log('ready')
while (!over) {
  const began = performance.now()
  await client.ok('NOOP')
  took.push(performance.now() - began)
  await sleep(PAUSE_MS)
}
client.close()
console.log(JSON.stringify(took))
