import {mkdir, readFile, writeFile} from 'node:fs/promises'
import {Readable} from 'node:stream'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type {ExchangedRecord} from '../../src/auth/userdb/exchange.js'
import {formatCsvLine, formatCsvRecord, parseCsvRecords} from '../../src/auth/userdb/exchange-csv.js'
import {formatJsonRecord, parseJsonRecords} from '../../src/auth/userdb/exchange-json.js'
import {commandWords} from '../../src/services/command-words.js'
import {
  applyUserdb,
  differencesAsJson,
  exportUserdb,
  formatDifferences,
  importUserdb,
  readExchange,
} from '../../src/services/userdb-exchange.js'
import {userdbTool} from '../../src/services/userdb-tool.js'
import {scratch} from '../auth/support/scratch.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {runTool} from './support/run-tool.js'

const exchange = suite('userdb: import, export, apply, many commands')

const TEXT = '# staff\nann\tuid=1|gid=1|home=/h/ann|flag|systempw=$6$x\n\nbob\tuid=2|gecos=Bob "B", x|\n5=\tann\n'

async function exported(source: string, format: 'json' | 'csv', withoutPasswords = false) {
  let [out, warnings] = ['', '']
  const print = (text: string) => {
    out += text
  }
  const warn = (text: string) => {
    warnings += text
  }
  await exportUserdb({source, format, withoutPasswords, print, warn})
  return {out, warnings}
}

const read = (text: string, format: 'json' | 'csv') => readExchange('-', format, Readable.from([Buffer.from(text)]))

exchange('what is exported is the same when it is applied or imported', async () => {
  for (const format of ['json', 'csv'] as const) {
    await using at = await scratch()
    await writeFile(at.path('db'), TEXT)
    const {out, warnings} = await exported(at.path('db'), format)
    assert.is(warnings, '')
    const records = await read(out, format)
    assert.equal(await applyUserdb(at.path('db'), {records, dryRun: false}), [])
    assert.is(await readFile(at.path('db'), 'utf8'), TEXT)
    await importUserdb(at.path('new'), records)
    assert.equal((await exported(at.path('new'), 'csv')).out, (await exported(at.path('db'), 'csv')).out)
  }
})

exchange('export without passwords has none', async () => {
  await using at = await scratch()
  await writeFile(at.path('db'), TEXT)
  for (const format of ['json', 'csv'] as const) assert.not.match((await exported(at.path('db'), format, true)).out, /\$6\$|systempw/)
})

exchange('export reads directories and GDBM files', async () => {
  await using at = await scratch()
  await writeFile(at.path('db'), TEXT, {mode: 0o600})
  const made = await runProgram(process.execPath, ['bin/run.js', 'makeuserdb', '--gdbm', '-f', at.path('db')])
  assert.is(made.code, 0)
  const records = parseJsonRecords((await exported(at.path('db.dat'), 'json')).out)
  assert.equal(records.map(({name}) => name).sort(), ['5=', 'ann', 'bob'])
  await mkdir(at.path('dir', 'sub'), {recursive: true})
  await writeFile(at.path('dir', 'x'), 'a\tuid=1\n')
  await writeFile(at.path('dir', 'sub', 'y'), 'b\tuid=2\n')
  assert.equal(
    parseJsonRecords((await exported(at.path('dir'), 'json')).out).map(({name}) => name),
    ['a', 'b'],
  )
})

exchange('import sets fields and keeps the others', async () => {
  await using at = await scratch()
  await writeFile(at.path('db'), TEXT)
  await importUserdb(
    at.path('db'),
    await read('[{"name":"ann","fields":{"uid":7,"quota":""}},{"name":"jörg","fields":{"uid":"8"}}]', 'json'),
  )
  assert.is(
    await readFile(at.path('db'), 'utf8'),
    '# staff\nann\tuid=7|gid=1|home=/h/ann|flag|systempw=$6$x|quota=\n\nbob\tuid=2|gecos=Bob "B", x|\n5=\tann\njörg\tuid=8\n',
  )
})

exchange('apply adds, changes and removes; --diff shows it without passwords and changes nothing', async () => {
  await using at = await scratch()
  await writeFile(at.path('db'), `${TEXT}bob\tdouble=1\n`)
  const records = await read('name,uid,systempw,mail\nann,7,$6$NEW,Box\nnew,9,$6$FRESH,\n', 'csv')
  const differences = await applyUserdb(at.path('db'), {records, dryRun: true})
  const text = formatDifferences(differences)
  assert.is(
    text,
    '~ ann\n    - uid=1\n    + uid=7\n    - gid=1\n    - home=/h/ann\n    - flag=\n    - systempw=***\n    + systempw=***\n    + mail=Box\n' +
      '+ new\n    + uid=9\n    + systempw=***\n- bob\n- 5=\n',
  )
  assert.not.match(JSON.stringify(differencesAsJson(differences)), /\$6\$/)
  assert.is(await readFile(at.path('db'), 'utf8'), `${TEXT}bob\tdouble=1\n`)
  assert.equal(await applyUserdb(at.path('db'), {records, dryRun: false}), differences)
  assert.is(await readFile(at.path('db'), 'utf8'), '# staff\nann\tuid=7|systempw=$6$NEW|mail=Box\n\nnew\tuid=9|systempw=$6$FRESH\n')
  assert.equal(await applyUserdb(at.path('db'), {records, dryRun: false}), [])
})

for (const [format, text, message] of [
  ['json', '{"name":"a"}', 'Expected a list'],
  ['json', '[{"name":"a"}]', 'Record 1'],
  ['json', '[{"name":"a","fields":{"systempw":{}}}]', 'Record 1'],
  ['json', '[{"name":"a","fields":{"x":"1|2"}}]', 'Record 1'],
  ['json', '[{"name":"a\\tb","fields":{}}]', 'Record 1'],
  ['json', '[{"name":"a","fields":{}},{"name":"a","fields":{}}]', 'occurs twice'],
  ['json', '[{"name":"a","fields":{"systempw":"HIDDEN"}', 'no JSON'],
  ['csv', 'user,uid\n', 'one of them "name"'],
  ['csv', 'name,uid\na,1,2\n', 'Line 2'],
  ['csv', 'name,uid\n\na,"1\n', 'Line 3'],
  ['csv', 'name,a=b\nx,1\n', 'name of a field'],
  ['csv', 'name,uid\n#a,1\n', 'name of an account'],
  ['csv', 'name,uid\n,1\n', 'name of an account'],
  ['csv', '', 'Line 1'],
] as const) {
  exchange(`${format} ${JSON.stringify(text)} is refused: ${message}`, async () => {
    const error = await read(text, format).then(
      () => '',
      (thrown: Error) => thrown.message,
    )
    assert.match(error, message)
    assert.not.match(error, 'HIDDEN')
  })
}

exchange('records that are formatted are read back', () => {
  const value = fc.string({unit: 'binary'}).filter((text) => !Buffer.from(text).toString().includes('\uFFFD'))
  const record: fc.Arbitrary<ExchangedRecord> = fc
    .tuple(value, fc.array(fc.tuple(fc.constantFrom('uid', 'gecos', 'x y'), value)))
    .map(([name, fields]) => ({name: `n${name}`, fields: new Map(fields)}))
  fc.assert(
    fc.property(fc.array(record), (records) => {
      assert.equal(parseJsonRecords(`[${records.map(formatJsonRecord).join(',')}]`), records)
      const columns = ['uid', 'gecos', 'x y']
      const csv = formatCsvLine(['name', ...columns]) + records.map((each) => formatCsvRecord(each, columns)).join('')
      const readBack = parseCsvRecords(csv)
      assert.equal(
        readBack.map(({name, fields}) => [name, [...fields].sort()]),
        records.map(({name, fields}) => [name, [...fields].sort()]),
      )
    }),
  )
})

exchange('commands from standard input are run in their order, in one pass', async () => {
  await using at = await scratch()
  await writeFile(at.path('userdb'), TEXT)
  const input = `
# comment
ann set uid=3 'gecos=Ann Lee' home="/h/x"
bob unset gecos nosuch
new set a=1
new set a=2 b\\ c=3
gone set a=1
gone del
nobody del
5= del
bare set
`
  assert.equal(await runTool(userdbTool, {args: ['-'], input, config: at.directory}), {code: 0, out: '', err: ''})
  assert.is(
    await readFile(at.path('userdb'), 'utf8'),
    '# staff\nann\tuid=3|gid=1|home=/h/x|flag|systempw=$6$x|gecos=Ann Lee\n\nbob\tuid=2\nnew\ta=2|b c=3\nbare\n',
  )
})

exchange('the same commands give the same file one by one', async () => {
  await using at = await scratch()
  const commands = ['a set x=1 y=2', 'b set x=1', 'a unset x', 'c set', 'b del', 'a set z=3 y=9', 'd unset q', 'b set w=1']
  for (const command of commands) assert.is((await runTool(userdbTool, {args: ['-f', at.path('one'), ...command.split(' ')]})).code, 0)
  assert.is((await runTool(userdbTool, {args: ['-f', at.path('many'), '-'], input: commands.join('\n')})).code, 0)
  // A record that is deleted and made again keeps its place.
  const lines = async (name: string) => (await readFile(at.path(name), 'utf8')).split('\n').sort()
  assert.equal(await lines('many'), await lines('one'))
})

for (const line of [
  'ann set systempw',
  'ann frob',
  'ann',
  'ann del x',
  "ann set 'x=HIDDEN",
  'ann set x=HIDDEN|2',
  '"#x" set y=1',
  "'' set y=1",
]) {
  exchange(`the command ${line} is refused with its line, and nothing is changed`, async () => {
    await using at = await scratch()
    await writeFile(at.path('db'), TEXT)
    const {code, err, out} = await runTool(userdbTool, {args: ['-f', at.path('db'), '-'], input: `bob del\n${line}\n`})
    assert.is(code, 1)
    assert.match(err, /^Line 2: /)
    assert.not.match(err + out, 'HIDDEN')
    assert.is(await readFile(at.path('db'), 'utf8'), TEXT)
  })
}

exchange('words as a shell has them', () => {
  assert.equal(commandWords(` a  'b c'"d\\"e\\x"\\ f '' $x`), ['a', 'b cd"e\\x f', '', '$x'])
  for (const open of ["'", '"', 'a "b', 'a\\', "x 'y' 'z"]) assert.is(commandWords(open), undefined, open)
})

exchange('the commands reach the file', async () => {
  await using at = await scratch()
  const courier = (args: readonly string[], input = '') =>
    runProgram(process.execPath, ['bin/run.js', 'userdb', ...args], {env: {COURIER_CONFIG: at.directory}, input})
  const quiet = {code: 0, stdout: '', stderr: ''}
  assert.equal(await courier(['import', '-', '--format', 'csv'], 'name,uid\nann,1\n'), quiet)
  await writeFile(at.path('want.json'), '[{"name":"ann","fields":{"uid":2}}]')
  assert.equal(await courier(['apply', at.path('want.json'), '--diff']), {...quiet, stdout: '~ ann\n    - uid=1\n    + uid=2\n'})
  assert.equal(await courier(['apply', at.path('want.json')]), quiet)
  assert.equal(await courier(['export']), {...quiet, stdout: '[{"name":"ann","fields":{"uid":"2"}}]\n'})
  assert.is((await courier(['import', 'nothing'])).code, 1)
})

exchange.run()
