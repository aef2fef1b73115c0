/**
 * `node heavy-client.js PORT USER COMMAND`: gives one command again and again until its standard input ends, in a process of its
 * own: what it receives does not hold up the client that measures.
 */
import {BenchClient} from './client.js'

const [port = '', user = '', command = ''] = process.argv.slice(2)
const client = await BenchClient.login(Number(port), user)
await client.ok('SELECT INBOX')
process.stdout.write('ready\n')
let over = false
process.stdin.resume().on('end', () => {
  over = true
})
let count = 0
while (!over) {
  await client.ok(command)
  count += 1
  process.stdout.write(`${count}\n`)
}
process.exit(0)
