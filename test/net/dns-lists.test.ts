import {setTimeout as delay} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {readTcpdOptions} from '../../src/config/tcpd-options.js'
import {DnsLists, type DnsQuestions, listName} from '../../src/net/dns-lists.js'
import {suite} from '../support/suite.js'

const dns = suite('Lists in the DNS')

class Zone implements DnsQuestions {
  readonly asked: string[] = []
  readonly #records: Readonly<Record<string, {readonly a?: string[]; readonly txt?: string[][]}>>

  constructor(records: Readonly<Record<string, {readonly a?: string[]; readonly txt?: string[][]}>>) {
    this.#records = records
  }

  async resolve4(name: string): Promise<string[]> {
    this.asked.push(`A ${name}`)
    return this.#records[name]?.a ?? Promise.reject(new Error('ENOTFOUND'))
  }

  async resolveTxt(name: string): Promise<string[][]> {
    this.asked.push(`TXT ${name}`)
    return this.#records[name]?.txt ?? Promise.reject(new Error('ENODATA'))
  }
}

const LISTED = {'9.2.0.192.z.example': {a: ['127.0.0.2', '127.0.0.4'], txt: [['Go ', 'away']]}}

async function variables(
  options: string,
  {zone = new Zone(LISTED), ip = '::ffff:192.0.2.9', known = {}} = {},
): Promise<Record<string, string>> {
  const lists = new DnsLists({dns: zone, now: () => 0})
  const {lists: wanted} = readTcpdOptions(options)
  return Object.fromEntries(await lists.variablesFor(ip, {lists: wanted, known: new Map(Object.entries(known))}))
}

dns('names are octets, or nibbles, in reverse order', () => {
  assert.is(listName('::ffff:192.0.2.9', 'z.example'), '9.2.0.192.z.example')
  assert.is(listName('2001:db8::1', 'z'), `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.z`)
})

for (const [options, expected] of [
  ['-block=z.example', {BLOCK_ZONE: 'z.example', BLOCK_IP: '127.0.0.2', BLOCK: 'Blacklisted by z.example'}],
  ['-block=z.example=Zed,VAR,"You are @, blocked"', {VAR_ZONE: 'Zed', VAR_IP: '127.0.0.2', VAR: 'You are ::ffff:192.0.2.9, blocked'}],
  ['-block=z.example,VAR/127.0.0.4', {VAR_ZONE: 'z.example', VAR_IP: '127.0.0.4', VAR: 'Blacklisted by z.example'}],
  ['-block=z.example/127.0.0.4', {BLOCK_ZONE: 'z.example', BLOCK_IP: '127.0.0.4', BLOCK: 'Blacklisted by z.example'}],
  ['-block=z.example,VAR/127.0.0.9', {}],
  ['-block=z.example,BLOCK,*', {BLOCK_ZONE: 'z.example', BLOCK_IP: '127.0.0.2', BLOCK: 'Go away', BLOCK_TXT: 'Go away'}],
  ['-block=other.example', {}],
  ['-allow=z.example -block=z.example', {BLOCK_ZONE: 'z.example', BLOCK_IP: '127.0.0.2', BLOCK: '', ALLOW_0: 'BLOCK'}],
  ['-allow=z.example,GOOD,x', {GOOD_ZONE: 'z.example', GOOD_IP: '127.0.0.2', GOOD: '', GOOD_TXT: 'Go away', ALLOW_0: 'GOOD'}],
] as const) {
  dns(`${options} sets ${JSON.stringify(expected)}`, async () => {
    assert.equal(await variables(options), expected)
  })
}

dns('a variable that is set already is left alone', async () => {
  assert.equal(await variables('-block=z.example', {known: {BLOCK: ''}}), {})
})

dns('a text without an address counts, when no address is wanted', async () => {
  const zone = new Zone({'9.2.0.192.z.example': {txt: [['Listed']]}})
  assert.equal(await variables('-block=z.example,BLOCK,*', {zone}), {BLOCK_ZONE: 'z.example', BLOCK: 'Listed', BLOCK_TXT: 'Listed'})
})

dns('answers are remembered for a while', async () => {
  let now = 0
  const zone = new Zone(LISTED)
  const lists = new DnsLists({dns: zone, now: () => now})
  const {lists: wanted} = readTcpdOptions('-block=z.example')
  const ask = () => lists.variablesFor('192.0.2.9', {lists: wanted, known: new Map()})
  await ask()
  await ask()
  assert.is(zone.asked.length, 1)
  now = 61_000
  await ask()
  assert.is(zone.asked.length, 2)
})

dns('a name server that does not answer is waited for once, and is no hit', async () => {
  const silent: DnsQuestions = {resolve4: () => new Promise(() => {}), resolveTxt: () => new Promise(() => {})}
  const lists = new DnsLists({dns: silent, now: () => 0, timeoutMs: 30})
  const {lists: wanted} = readTcpdOptions('-block=a.example -block=b.example -block=c.example')
  const began = performance.now()
  const answer = lists.variablesFor('192.0.2.9', {lists: wanted, known: new Map()})
  const others = await Promise.race([delay(1, 'others are served'), answer])
  assert.is(others, 'others are served')
  assert.is((await answer).size, 0)
  assert.ok(performance.now() - began < 5_000)
})

dns.run()
