/** What a command says when it is called wrongly. */
import {mkdirSync, writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const errors = suite('A command that fails')

const RUN = resolve('bin/run.js')

for (const [args, message] of [
  [['ban', 'list', '--nonsense', '--json'], /^Nonexistent flag: --nonsense/],
  [['kick', '--json'], /^Missing 1 required arg:\nwhom /],
  [['index', 'show', '/nonexistent', '--json'], /^"\/nonexistent" is no Maildir$/],
  [['who', '--run', '/nonexistent', '--json'], /^No server runs here: /],
] as const) {
  errors(`${args.join(' ')}: one object with the message, and nothing else`, async () => {
    const {code, stdout} = await runProgram(process.execPath, [RUN, ...args])
    assert.is(code, (await runProgram(process.execPath, [RUN, ...args.filter((arg) => arg !== '--json')])).code)
    assert.not.equal(code, 0)
    const told = JSON.parse(stdout) as {error: {message: string}}
    assert.match(told.error.message, message)
    assert.equal(Object.keys(told), ['error'])
    assert.equal(Object.keys(told.error), ['message'])
  })
}

errors("nothing is looked for in the home directory, which may be somebody else's", async () => {
  using home = temporaryDirectory()
  // What cannot be read there would be told.
  mkdirSync(join(home.path, 'courier/package.json'), {recursive: true})
  const {code, stderr} = await runProgram(process.execPath, [RUN, 'paths'], {env: {XDG_DATA_HOME: home.path}})
  assert.is(stderr, '')
  assert.is(code, 0)
})

errors('a configuration that cannot be read is an error of "config show", and not an empty one', async () => {
  using directory = temporaryDirectory()
  const file = join(directory.path, 'file')
  writeFileSync(file, '')
  const {code, stderr} = await runProgram(process.execPath, [RUN, 'config', 'show', '--config', file])
  assert.match(stderr, /^error: .*imapd: The file cannot be read: ENOTDIR/)
  assert.is(code, 1)
})

errors.run()
