import * as assert from 'uvu/assert'
import {readTcpdOptions} from '../../src/config/tcpd-options.js'
import {suite} from '../support/suite.js'

const tcpd = suite('TCPDOPTS')

const NONE = {accessLocal: false, lists: [], drop: [], proxy: [], notes: []}

for (const [text, expected] of [
  ['', {}],
  ['-nodnslookup -noidentlookup', {}],
  ['-maxperc=10 -maxperip=3 -maxprocs=7 -warn=2', {maxPerBlock: 10, maxPerIp: 3, maxDaemons: 7, warnFrom: 2}],
  ['-address=127.0.0.1', {address: {value: '127.0.0.1'}}],
  ['-address=0', {address: {value: undefined}}],
  ['-accesslocal -access=/x.dat', {accessLocal: true, access: '/x.dat'}],
  ["-denymsg='* BYE go away'", {denyMessage: '* BYE go away'}],
  ['-drop', {drop: ['BLOCK']}],
  ['-drop=A,B', {drop: ['A', 'B']}],
  ['-haproxy', {proxy: [{port: undefined, address: undefined, timeoutMs: 15_000}]}],
  [
    '-haproxy=5/port=2143,/port=127.0.0.1.993/x',
    {
      proxy: [
        {port: 2143, address: undefined, timeoutMs: 5_000},
        {port: 993, address: '127.0.0.1', timeoutMs: 15_000},
      ],
    },
  ],
  [
    "-block=z.example,BLOCK,'Go away'",
    {lists: [{kind: 'block', zone: 'z.example', display: 'z.example', variable: 'BLOCK', address: undefined, message: 'Go away'}]},
  ],
] as const) {
  tcpd(`${text || 'nothing'} is read`, () => {
    assert.equal(readTcpdOptions(text), {...NONE, ...expected})
  })
}

for (const [text, message] of [
  ['-maxprocs=0', 'Invalid -maxprocsarg option.'],
  ['-maxperip=0', 'Invalid -maxperip option.'],
  ['-maxperc=x', 'Invalid -maxperc option.'],
  ['-listen=-1', 'Invalid -listen option.'],
  ['-address=', 'Invalid IP address: '],
  ['-address=host.example', 'Invalid IP address: host.example'],
  ['nodnslookup', '"nodnslookup" is no option'],
  ['-haproxy=/port=0', '-haproxy: Invalid port: 0'],
  ['-block=', '-block: "" is no name of a list'],
] as const) {
  tcpd(`${text} is refused: ${message}`, () => {
    assert.throws(
      () => readTcpdOptions(text),
      (error: Error) => error.message.startsWith(message),
    )
  })
}

tcpd('what is not obeyed is told, with the reason', () => {
  assert.equal(readTcpdOptions('-user=courier -bogus').notes, [
    '"-user=courier" has no effect here, because the server has users of its own',
    '"-bogus" is not known and left out',
  ])
})

tcpd.run()
