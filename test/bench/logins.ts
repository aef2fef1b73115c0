/**
 * `node dist/test/bench/logins.js`: logins per second with SHA-512-crypt passwords, each of another account, and what they cost
 * others: NOOPs of a session that is logged in, `fs.stat` within the server.
 *
 * Options: `--rate N` (200, logins begun per second; 0: as many as go), `--seconds N` (10), `--accounts N` (3000).
 */
import {parseArgs} from 'node:util'
import {loginLoad, percentile} from '../support/login-load.js'

const {values: options} = parseArgs({
  options: {rate: {type: 'string', default: '200'}, seconds: {type: 'string', default: '10'}, accounts: {type: 'string', default: '3000'}},
})
const rate = Number(options.rate)

function describe(name: string, values: readonly number[]): string {
  const [half, most, all] = [0.5, 0.99, 1].map((part) => percentile(values, part).toFixed(1))
  return `${name}: median ${half} ms, 99 % below ${most} ms, longest ${all} ms (${values.length})`
}

const {perSecond, seconds, logins, noops, stats} = await loginLoad({
  rate,
  seconds: Number(options.seconds),
  accounts: Number(options.accounts),
})
console.log(`${perSecond.toFixed(0)} logins per second for ${seconds.toFixed(1)} s${rate === 0 ? '' : `, ${rate} wanted`}`)
console.log(describe('Login, from the connection on', logins))
console.log(describe('NOOP of another session', noops))
console.log(describe('fs.stat in the server', stats))
