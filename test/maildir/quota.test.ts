import {mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync} from 'node:fs'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {NodeFiles} from '../../src/maildir/node-files.js'
import {AccountQuota, accountOf} from '../../src/maildir/quota/account-quota.js'
import {folderCounts} from '../../src/maildir/quota/measure-account.js'
import {formatDelta, formatLimits, parseLimits, parseQuotaFile, percentage} from '../../src/maildir/quota/quota-text.js'
import {Fault} from '../../src/support/fault.js'
import {maildirContext, makeMaildir} from '../support/maildir-context.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const quota = suite('maildirsize')

for (const [text, bytes, messages, canonical, warnings] of [
  ['10000000S,1000C', 10_000_000, 1000, '10000000S,1000C', 0],
  ['5C', 0, 5, '5C', 0],
  ['7C,x3S', 3, 7, '3S,7C', 0],
  ['', 0, 0, '', 0],
  ['0S', 0, 0, '', 0],
  ['NOQUOTA', 0, 0, '', 0],
  ['100', 0, 0, '', 1],
  ['100 S', 0, 0, '', 1],
  ['100s', 0, 0, '', 1],
  ['1S2S3C', 2, 3, '2S,3C', 0],
  ['12\xff', 0, 0, '', 1],
] as const) {
  quota(`"${text}" means ${bytes} bytes and ${messages} messages`, () => {
    const warned: string[] = []
    const limits = parseLimits(text, (which) => warned.push(which))
    assert.equal(limits, {bytes, messages})
    assert.is(formatLimits(limits), canonical)
    assert.equal(warned, Array(warnings).fill(text))
  })
}

quota('lines are 26 octets, longer for long numbers', () => {
  assert.is(formatDelta({bytes: 0, messages: 0}), '           0            0\n')
  assert.is(formatDelta({bytes: -1234, messages: -1}), '       -1234           -1\n')
  assert.is(formatDelta({bytes: 1234567890123, messages: 1}), '1234567890123            1\n')
})

quota('is the sum of the lines that can be read', () => {
  assert.equal(parseQuotaFile('1000000S\n5 1\ngarbage\n\n-2 -1\n7\n'), {
    limits: {bytes: 1_000_000, messages: 0},
    usage: {bytes: 3, messages: 0},
    lines: 5,
  })
})

quota('of any octets is read', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 200}), (octets) => {
      const {usage} = parseQuotaFile(Buffer.from(octets).toString('latin1'))
      assert.ok(Number.isSafeInteger(usage.bytes) && Number.isSafeInteger(usage.messages))
    }),
  )
})

quota('comes back as it was written', () => {
  const limit = fc.nat()
  fc.assert(
    fc.property(limit, limit, fc.array(fc.tuple(fc.integer(), fc.integer({min: -1e6, max: 1e6}))), (bytes, messages, deltas) => {
      const text = `${formatLimits({bytes, messages})}\n${deltas.map(([b, m]) => formatDelta({bytes: b, messages: m})).join('')}`
      const sum = deltas.reduce((total, [b, m]) => ({bytes: total.bytes + b, messages: total.messages + m}), {bytes: 0, messages: 0})
      assert.equal(parseQuotaFile(text), {limits: {bytes, messages}, usage: sum, lines: deltas.length})
    }),
  )
})

for (const [limits, bytes, messages, percent] of [
  ['1000S,10C', 500, 9, 90],
  ['30000000S', 15_000_000, 0, 50],
  ['3S', 1, 0, 33],
  ['1000S', 999, 0, 99],
  ['1000S', 1001, 0, 100],
  ['20000001S', 10_000_000, 0, 49],
  ['10C', 0, 10, 100],
  ['', 5, 5, 0],
] as const) {
  quota(`${limits} with ${bytes} bytes in ${messages} messages is ${percent} % full`, () => {
    assert.is(percentage(parseLimits(limits), {bytes, messages}), percent)
  })
}

for (const [path, counts] of [
  ['.Trash', false],
  ['.Trash/', false],
  ['/home/u/Maildir/.Trash', false],
  ['.Trash.x', true],
  ['x.Trash', true],
  ['.', true],
] as const) {
  quota(`${path} ${counts ? 'counts' : 'does not count'}`, () => {
    assert.is(folderCounts(path, false), counts)
    assert.is(folderCounts(path, true), true)
  })
}

/** An account with messages of these sizes, and this `maildirsize`. */
function account(below: string, {sizes = [], text, ageMinutes = 0}: {sizes?: number[]; text?: string; ageMinutes?: number} = {}) {
  const root = makeMaildir(`${below}/Q`)
  for (const [index, size] of sizes.entries()) writeFileSync(`${root}/cur/${index}.x,S=${size}:2,`, 'x'.repeat(size))
  const read = () => readFileSync(`${root}/maildirsize`, 'latin1')
  if (text !== undefined) {
    writeFileSync(`${root}/maildirsize`, text)
    const time = Date.now() / 1000 - ageMinutes * 60
    utimesSync(`${root}/maildirsize`, time, time)
  }
  return {root, read, quota: new AccountQuota(root, maildirContext())}
}

async function store(one: AccountQuota, bytes: number, limits?: string): Promise<boolean> {
  try {
    const record = await one.admit({bytes, messages: 1}, limits)
    await record()
    return true
  } catch (error) {
    if (error instanceof Fault && error.code === 'over-quota') return false
    throw error
  }
}

const line = (bytes: number, messages: number) => formatDelta({bytes, messages})

quota('that is not there lets everything through and records nothing', async () => {
  using directory = temporaryDirectory()
  const {root, quota: one} = account(directory.path)
  assert.is(await store(one, 1e12), true)
  assert.is(await one.state(), undefined)
  assert.is(await one.percentage(), 0)
  assert.not.ok(readdirSync(root).includes('maildirsize'))
})

quota('is set by measuring the account', async () => {
  using directory = temporaryDirectory()
  const {root, read, quota: one} = account(directory.path, {sizes: [7, 5]})
  await one.set('1000C,10000000S')
  assert.is(read(), `10000000S,1000C\n${line(12, 2)}`)
  await one.set('5C')
  assert.is(read(), `5C\n${line(12, 2)}`)
  await one.set('NOQUOTA')
  assert.is(read(), `5C\n${line(12, 2)}`)
  assert.equal(readdirSync(`${root}/tmp`), [])
  assert.equal(await one.state(), {bytes: {used: 12, limit: undefined}, messages: {used: 2, limit: 5}})
})

quota('is installed when the account should have one', async () => {
  using directory = temporaryDirectory()
  const {read, quota: one} = account(directory.path, {sizes: [12, 12]})
  assert.is(await store(one, 12, '100S'), true)
  assert.is(read(), `100S\n${line(24, 2)}${line(12, 1)}`)
  assert.is(await store(one, 12, '30S'), false)
  assert.is(read(), `30S\n${line(24, 2)}`)
})

quota('fills up exactly, and refuses more after measuring', async () => {
  using directory = temporaryDirectory()
  const sizes = Array.from({length: 8}, () => 12)
  const {root, read, quota: one} = account(directory.path, {sizes, text: `100S\n${line(12, 1).repeat(8)}`})
  assert.is(await store(one, 4), true)
  assert.is(await store(one, 12), false)
  assert.is(read(), `100S\n${line(96, 8)}`)
  assert.equal(readdirSync(`${root}/tmp`), [])
})

quota('that was measured just now is believed', async () => {
  using directory = temporaryDirectory()
  const text = `20S\n${line(21, 1)}`
  const {read, quota: one} = account(directory.path, {sizes: [7], text})
  assert.is(await store(one, 12), false)
  assert.is(read(), text)
})

quota('that was measured long ago is measured again before it refuses', async () => {
  using directory = temporaryDirectory()
  const {read, quota: one} = account(directory.path, {sizes: [7], text: `20S\n${line(21, 1)}`, ageMinutes: 16})
  assert.is(await store(one, 12), true)
  assert.is(read(), `20S\n${line(7, 1)}${line(12, 1)}`)
})

quota('file of 5120 octets or more is measured again, a shorter one gets a line', async () => {
  for (const [length, isMeasured] of [
    [5120, true],
    [5119, false],
    [9000, true],
  ] as const) {
    using directory = temporaryDirectory()
    const text = '1000000S\n'.padEnd(length - 1, '0 0\n').concat('\n')
    const {read, quota: one} = account(directory.path, {sizes: [7], text})
    assert.is(await store(one, 12), true)
    assert.is(read(), isMeasured ? `1000000S\n${line(7, 1)}${line(12, 1)}` : text + line(12, 1))
  }
})

quota('with a negative sum is measured again', async () => {
  using directory = temporaryDirectory()
  const {read, quota: one} = account(directory.path, {text: '1000000S\n-5 1\n'})
  assert.is(await store(one, 12), true)
  assert.is(read(), `1000000S\n${line(0, 0)}${line(12, 1)}`)
})

quota('with garbage lines gets its line', async () => {
  using directory = temporaryDirectory()
  const text = '1000000S\n5 1\ngarbage\n\n-2 -1\n'
  const {read, quota: one} = account(directory.path, {text})
  assert.is(await store(one, 12), true)
  assert.is(read(), text + line(12, 1))
})

quota('counts by the names of the files', async () => {
  using directory = temporaryDirectory()
  const {root, read, quota: one} = account(directory.path, {text: '1000000S\n'})
  const put = (path: string) => writeFileSync(`${root}/${path}`, '12345')
  for (const name of ['1.x,S=7,W=9:2,ST', '2.x,S=7,W=9:2,S', '3.x:2,aT', '4.x:2,SaT', '5.x:1,T', '.6']) put(`cur/${name}`)
  for (const folder of ['.Trash', '.Trash.x', '.plain']) {
    makeMaildir(`${root}/${folder}`)
    put(`${folder}/cur/1`)
  }
  symlinkSync('.plain', `${root}/.link`)
  mkdirSync(`${root}/.empty`)
  await one.recalculate()
  assert.is(read(), `1000000S\n${line(7 + 5 * 5, 6)}`)
  const all = new AccountQuota(root, {...maildirContext(), countsTrash: true})
  await all.recalculate()
  assert.is(read(), `1000000S\n${line(2 * 7 + 6 * 5, 8)}`)
})

quota('of removed messages goes down, but not twice', async () => {
  using directory = temporaryDirectory()
  const {read, quota: one} = account(directory.path, {sizes: [7], text: `1000S\n${line(14, 2)}`})
  await one.record({bytes: -7, messages: -1})
  assert.is(read(), `1000S\n${line(14, 2)}${line(-7, -1)}`)
  writeFileSync(`${directory.path}/Q/maildirsize`, `1000S\n${line(-14, 2)}`)
  await one.record({bytes: -7, messages: -1})
  assert.is(read(), `1000S\n${line(7, 1)}`)
})

quota('file that is empty gets its first line before numbers', async () => {
  using directory = temporaryDirectory()
  const {read, quota: one} = account(directory.path, {sizes: [7], text: ''})
  await one.record({bytes: 7, messages: 1})
  assert.is(read(), `\n${line(7, 1)}`)
})

/** There is no room for a new `maildirsize`. */
class Full extends NodeFiles {
  override async create(path: string, ...rest: [Buffer, {readonly mode: number; readonly sync: boolean}]) {
    if (path.includes('NeWmAiLdIrSiZe')) throw Object.assign(new Error('ENOSPC: no space left on device'), {code: 'ENOSPC'})
    return super.create(path, ...rest)
  }
}

quota('file that cannot be written anew: what has happened has happened, and is no failure', async () => {
  using directory = temporaryDirectory()
  const {root, read} = account(directory.path, {sizes: [7], text: ''})
  const one = new AccountQuota(root, {...maildirContext(), files: new Full()})
  assert.is(await store(one, 5), true)
  await one.record({bytes: -7, messages: -1})
  assert.is(read(), '')
})

quota('that is a link is none', async () => {
  using directory = temporaryDirectory()
  const {root, quota: one} = account(directory.path)
  writeFileSync(`${directory.path}/elsewhere`, '1S\n')
  symlinkSync(`${directory.path}/elsewhere`, `${root}/maildirsize`)
  assert.is(await store(one, 12), true)
  assert.is(readFileSync(`${directory.path}/elsewhere`, 'latin1'), '1S\n')
})

quota('of an account that never holds still lets through without recording', async () => {
  using directory = temporaryDirectory()
  const {root, read} = account(directory.path, {sizes: [7], text: '20S\n-1 1\n'})
  const context = maildirContext()
  const rename = context.files.rename.bind(context.files)
  let races = 0
  context.files.rename = async (from, to) => {
    await rename(from, to)
    races += 1
    utimesSync(`${root}/cur`, 1e9 + races, Date.now() / 1000 + races)
    writeFileSync(`${root}/maildirsize`, '20S\n-1 1\n')
  }
  assert.is(await store(new AccountQuota(root, context), 12), true)
  assert.is(races, 5)
  assert.is(read(), '20S\n-1 1\n')
})

quota('belongs to the directory above a marked folder', () => {
  using directory = temporaryDirectory()
  const {root} = account(directory.path)
  makeMaildir(`${root}/.a`)
  makeMaildir(`${root}/.b`)
  writeFileSync(`${root}/.a/maildirfolder`, '')
  const {files} = maildirContext()
  assert.is(accountOf(`${root}/.a`, files), `${root}/.a/..`)
  assert.is(accountOf(`${root}/.b`, files), `${root}/.b`)
  assert.is(accountOf(root, files), root)
})

quota.run()
