import {mkdirSync, renameSync, rmSync, utimesSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {AccessFile} from '../../src/net/access/access-file.js'
import {accessAddress} from '../../src/net/access/access-key.js'
import {accessFor} from '../../src/net/access/access-rules.js'
import {accessTextHints, readAccessText} from '../../src/net/access/access-text.js'
import {readAccessValue} from '../../src/net/access/access-value.js'
import {expandNetwork} from '../../src/net/access/expand-network.js'
import {readAccessSource} from '../../src/net/access/read-access-source.js'
import {replaceWithGdbm} from '../../src/net/access/write-access.js'
import {LogLines} from '../support/store.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const access = suite('Access rules')

function allowed(text: string, ip: string, port?: number): boolean {
  return accessFor(readAccessText([text]), ip, port).allowed
}

async function reason(act: () => unknown): Promise<string> {
  try {
    await act()
  } catch (error) {
    return (error as Error).message
  }
  return 'no failure'
}

/** `spec/server-config-tls.md` §10. */
for (const [example, text, verdicts] of [
  [
    1,
    '192.168.0\tdeny\n192.168.0.10\tallow\n',
    {'192.168.0.11': false, '192.168.0.10': true, '::ffff:192.168.0.11': false, '10.0.0.1': true},
  ],
  [2, '*\tdeny\n127\tallow\n', {'127.0.0.1': true, '192.0.2.1': false, '2001:db8::1': false}],
  [3, '192.168.0.10 deny\n', {'192.168.0.10': true}],
  [6, ':2001:0db8\tdeny\n', {'2001:db8::5': false, '2001:db9::5': true}],
  [6, ':2001:db8\tdeny\n', {'2001:db8::5': true}],
  [12, '', {'192.0.2.1': true}],
] as const) {
  access(`example ${example}: ${JSON.stringify(text)}`, () => {
    for (const [ip, expected] of Object.entries(verdicts)) assert.is(allowed(text, ip), expected, ip)
  })
}

access('variables: quotes hold commas, an item without a value is empty (example 4), entries are not merged (example 5)', () => {
  const four = accessFor(readAccessText(['10.1\tallow,DEFDOMAIN=@a.example,NOTE="x,y",FLAG']), '10.1.2.3')
  assert.equal(
    [...four.variables],
    [
      ['DEFDOMAIN', '@a.example'],
      ['NOTE', 'x,y'],
      ['FLAG', ''],
    ],
  )
  const five = accessFor(readAccessText(['10\tallow,A=1\n10.1\tallow,B=2']), '10.1.0.1')
  assert.equal([...five.variables], [['B', '2']])
  assert.is(readAccessValue('denyfoo').allowed, false)
  assert.equal(
    [...readAccessValue("x='a'b , y = 1").variables],
    [
      ['x', 'ab'],
      ['y ', ' 1'],
    ],
  )
  assert.equal([...readAccessValue('1').variables], [['1', '']])
})

access('the local address is looked up with its port, then any address with that port, then everybody (example 7)', () => {
  assert.is(allowed('*\tdeny\n10.0.0.5\tallow', '10.9.9.9', 143), false)
  assert.is(allowed('*\tdeny\n*.143\tallow', '10.9.9.9', 143), true)
  assert.is(allowed('*\tdeny\n10.9.9.9.143\tallow', '10.9.9.9', 143), true)
  assert.is(allowed('*\tdeny\n10.9.9.9.143\tallow', '10.9.9.9', 993), false)
})

access('a key that occurs twice is refused in the words of the original (example 8)', async () => {
  const text = 'Cannot store record for 1.2.3 - duplicate or out of disk space.'
  assert.is(await reason(() => readAccessText(['1.2.3\tallow\n1.2.3\tdeny\n'])), text)
  assert.is(await reason(() => readAccessText(['1.2.3.0/24 allow\n', '1.2.3\tdeny\n'])), text)
})

access('networks and ranges become keys (example 9)', () => {
  assert.equal(
    [...readAccessText(['192.168.0.0/22\tallow,X=1'])],
    [
      ['192.168.0', 'allow,X=1'],
      ['192.168.1', 'allow,X=1'],
      ['192.168.2', 'allow,X=1'],
      ['192.168.3', 'allow,X=1'],
    ],
  )
  assert.equal(expandNetwork('10.0.0.254-10.0.2.1'), ['10.0.0.254', '10.0.0.255', '10.0.1', '10.0.2.0', '10.0.2.1'])
  assert.equal(expandNetwork('10.0.0.0/8'), ['10'])
  assert.is(expandNetwork('0.0.0.0/0').length, 256)
  assert.equal(expandNetwork('2001:db8::/32'), [':2001:0db8'])
  assert.equal(expandNetwork('2001:db8::1/128'), [':2001:0db8:0000:0000:0000:0000:0000:0001'])
  assert.is(expandNetwork('2001:db8::/33').length, 32_768)
  assert.equal(expandNetwork('2001:db8::/31'), [':2001:0db8', ':2001:0db9'])
})

for (const text of ['1.2.3/24', '1.2.3.4/33', '1.2.3.4-1.2.3.3', '1.2.3.4-::1', '::/0/1', '2001:db8::/129', 'a/8', '::/1-::2']) {
  access(`${text} is no network`, async () => {
    assert.match(await reason(() => expandNetwork(text)), /is no network/)
  })
}

access('the keys of a network hold just its addresses', () => {
  const v4 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
  fc.assert(
    fc.property(fc.tuple(fc.nat(0xffffffff), fc.nat(70_000), fc.nat(0xffffffff)), ([first, size, probe]) => {
      const last = Math.min(first + size, 0xffffffff)
      const table = new Map(expandNetwork(`${v4(first)}-${v4(last)}`).map((key) => [key, 'deny']))
      for (const value of [first, last, Math.floor((first + last) / 2), probe, Math.max(0, first - 1), Math.min(last + 1, 0xffffffff)]) {
        assert.is(accessFor(table, v4(value)).allowed, value < first || value > last, `${v4(value)} in ${v4(first)}-${v4(last)}`)
      }
    }),
    {numRuns: 300},
  )
})

access('IPv6 has one text, however it is written', () => {
  assert.is(accessAddress('2001:DB8::5'), ':2001:0db8:0000:0000:0000:0000:0000:0005')
  assert.is(accessAddress('fe80::1%eth0'), ':fe80:0000:0000:0000:0000:0000:0000:0001')
  assert.is(accessAddress('::ffff:192.0.2.1'), '192.0.2.1')
  fc.assert(fc.property(fc.ipV6(), (ip) => /^(:[0-9a-f]{4}){8}$|^\d+\.\d+\.\d+\.\d+$/.test(accessAddress(ip))))
})

access('a line with a single dot ends the input, comments and empty lines say nothing', () => {
  assert.equal(
    [...readAccessText(['# c\n\n1.2\tdeny\n3\t\n.\n4\tdeny\n'])],
    [
      ['1.2', 'deny'],
      ['3', '1'],
    ],
  )
})

access('what matches nobody is hinted at', () => {
  assert.equal(accessTextHints(['1.2.3 deny\n:2001:db8\tdeny\n:2001:0db8\tdeny\n10.0.0.0/8 deny\n1.2\tdeny\n']).length, 2)
})

access('a directory: links are followed, backup files are left out, leftovers of packages stop it (examples 10 and 11)', async () => {
  using directory = temporaryDirectory()
  const path = join(directory.path, 'imapaccess')
  mkdirSync(path)
  writeFileSync(join(path, 'a'), '1\tdeny')
  writeFileSync(join(path, 'b'), '2\tdeny\n')
  writeFileSync(join(path, 'c~'), '3\tdeny\n')
  mkdirSync(join(path, 'deeper'))
  assert.equal([...readAccessText(await readAccessSource(path)).keys()].sort(), ['1', '2'])
  writeFileSync(join(path, 'x.rpmsave'), '')
  assert.is(
    await reason(() => readAccessSource(path)),
    `${path}/x.rpmsave found, please investigate and remove it, and\nmake any needed changes to ${path}/x`,
  )
  rmSync(join(path, 'x.rpmsave'))
  writeFileSync(join(path, 'y.dist'), '4\tdeny\n')
  assert.match(await reason(() => readAccessSource(path)), /y\.dist exists, please copy to .*\/y$/)
  writeFileSync(join(path, 'y'), '5\tdeny\n')
  utimesSync(join(path, 'y'), 1, 1)
  assert.match(await reason(() => readAccessSource(path)), /or edit it to have a newer timestamp/)
  utimesSync(join(path, 'y.dist'), 0, 0)
  assert.equal([...readAccessText(await readAccessSource(path)).keys()].sort(), ['1', '2', '5'])
})

access('a new file counts at once, a damaged one does not (example 13)', async () => {
  using directory = temporaryDirectory()
  const log = new LogLines()
  const text = join(directory.path, 'imapaccess')
  const file = new AccessFile({compiled: `${text}.dat`, text}, log)
  const denied = async (ip: string) => !accessFor(await file.table(), ip).allowed
  assert.not(await denied('10.0.0.1'))
  const put = (rules: string) => replaceWithGdbm({path: `${text}.dat`, temporary: `${text}.tmp`, records: readAccessText([rules])})
  await put('10\tdeny')
  assert.ok(await denied('10.0.0.1'))
  await put('11\tdeny')
  assert.not(await denied('10.0.0.1'))
  assert.ok(await denied('11.0.0.1'))
  assert.equal(log.lines, [])
  writeFileSync(`${text}.new`, 'rubbish')
  renameSync(`${text}.new`, `${text}.dat`)
  assert.ok(await denied('11.0.0.1'), 'the old rules stay')
  assert.ok(await denied('11.0.0.1'))
  assert.is(log.lines.length, 1, 'it is told once')
  writeFileSync(text, '12\tdeny\n')
  rmSync(`${text}.dat`)
  assert.ok(await denied('12.0.0.1'), 'text that is not compiled counts as it stands')
  assert.match(log.lines[1] ?? '', /access\.text-used .*run makeimapaccess/)
})

access.run()
