import {chmod, rm, utimes, writeFile} from 'node:fs/promises'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import {RcBackend} from '../../../src/auth/modules/rc-backend.js'
import {leadingNumber, parseRcFile, type RcValues, required} from '../../../src/auth/modules/rc-file.js'
import {Fault} from '../../../src/support/fault.js'
import {suite} from '../../support/suite.js'
import {MARKER} from '../support/module-context.js'
import {recordingLog, scratch} from '../support/scratch.js'

const rc = suite('rc files of modules')

const values = (text: string) => Object.fromEntries(parseRcFile(text + MARKER, 'authxrc'))

for (const [text, expected, title] of [
  ['A 1\nA 2\n', {A: '1'}, 'the first value of a name counts'],
  ['B x \\\n   y\n', {B: 'x  y'}, 'a backslash at the end goes on in the next line'],
  ['B x\\\n#y \\\nz\n', {B: 'x #y  z'}, 'within a continued value nothing is a comment'],
  ['  A\t \tb c \t\r\n', {A: 'b c'}, 'blanks around the value do not count'],
  ['A\nB  \n', {A: '', B: ''}, 'a name without a value is there and empty'],
  ['# A 1\n  #B 2\n\nC 3\n', {C: '3'}, 'comments and empty lines'],
  [`A 'x' "y"\n`, {A: `'x' "y"`}, 'quotes are part of the value'],
  ['A x # y\n', {A: 'x # y'}, 'a comment begins only a line'],
] as const) {
  rc(title, () => assert.equal(values(text), expected))
}

rc('without the marker line in column 1 a file is refused', () => {
  for (const text of ['A 1\n', ' ##NAME: MARKER:0\n', '##NAME: OTHER:0\n', '']) {
    assert.throws(
      () => parseRcFile(text, 'authxrc'),
      (error: unknown) => error instanceof Fault && error.message.startsWith('marker line not found in authxrc'),
    )
  }
})

rc('a backslash at the very end, and any other text, gives values', () => {
  assert.equal(Object.fromEntries(parseRcFile(`${MARKER}A x\\`, 'authxrc')), {A: 'x'})
  fc.assert(fc.property(fc.string(), (text) => parseRcFile(`${text}\n${MARKER}`, 'authxrc').size >= 0))
})

rc('numbers are what a value begins with', () => {
  assert.equal(['5', '5x', 'x', '', '-1', '99999999999'].map(leadingNumber), [5, 5, 0, 0, -1, 999_999_999])
  assert.throws(() => required(new Map(), 'LDAP_URI'), /LDAP_URI not found/)
})

/** A back end that remembers whether it is closed, and refuses the value `wrong`. */
function backendOf(path: string) {
  const log = recordingLog()
  const closed: string[] = []
  const open = (read: RcValues) => {
    const value = required(read, 'A')
    if (value === 'wrong') throw new Fault('bad-configuration', 'A is wrong')
    return {value, close: async () => void closed.push(value)}
  }
  return {backend: new RcBackend({path, log, open}), log, closed}
}

rc('a changed file counts from the next request on; a wrong one leaves the old settings in force', async () => {
  await using place = await scratch()
  const path = place.path('authxrc')
  const {backend, log, closed} = backendOf(path)
  const write = async (text: string, second: number) => {
    await writeFile(path, text)
    await utimes(path, second, second)
  }
  await write(`A one\n${MARKER}`, 1000)
  assert.is((await backend.current()).value, 'one')
  await write(`A two\n${MARKER}`, 1001)
  assert.is((await backend.current()).value, 'two')
  assert.equal(closed, ['one'])
  for (const [text, second] of [
    [`A wrong\n${MARKER}`, 1002],
    ['A three\n', 1003],
    [MARKER, 1004],
  ] as const) {
    await write(text, second)
    assert.is((await backend.current()).value, 'two')
    assert.is((await backend.current()).value, 'two')
  }
  assert.is(log.lines.length, 3, 'each problem is told once')
  assert.match(log.lines[1] ?? '', /marker line not found in .*will try again later/)
  await rm(path)
  assert.is((await backend.current()).value, 'two')
  await write(`A four\n${MARKER}`, 1005)
  assert.is((await backend.current()).value, 'four')
  await backend.close()
  assert.equal(closed, ['one', 'two', 'four'])
})

rc('settings that never were right are unavailable, with the reason', async () => {
  await using place = await scratch()
  const path = place.path('authxrc')
  const {backend} = backendOf(path)
  const reason = () =>
    backend.current().then(
      () => '',
      (error: Error) => `${error.name} ${error.message}`,
    )
  assert.match(await reason(), /^Fault stat\(.*authxrc\) failed/)
  await writeFile(path, 'A 1\n')
  assert.match(await reason(), /^Fault marker line not found/)
  await writeFile(path, `B 1\n${MARKER}`)
  assert.match(await reason(), /^Fault A not found in .*authxrc/)
  await chmod(path, 0o600)
  await writeFile(path, `A 1\n${MARKER}`)
  assert.is(await reason(), '')
})

rc.run()
