import {writeFileSync} from 'node:fs'
import {join, resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const config = suite('courier config')
const courier = (...args: string[]) => runProgram(process.execPath, [resolve('bin/run.js'), 'config', ...args])

config('check tells all problems at once, with file and line, and fails', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'imapd'), 'MAXDAEMONS=0\nPORTT=1\n')
  writeFileSync(join(directory.path, 'imapd-ssl'), 'SSLPORT=99999\n')
  writeFileSync(join(directory.path, 'authdaemonrc'), 'AUTHDAEMON_SOCKET=x\n')
  const {code, stdout} = await courier('check', '--config', directory.path)
  assert.is(code, 1)
  assert.equal(stdout.trim().replaceAll(`${directory.path}/`, '').split('\n').sort(), [
    'error: authdaemonrc:1: AUTHDAEMON_SOCKET: A path that begins with "/" is expected, not "x"',
    'error: imapd-ssl:1: SSLPORT: Invalid port: 99999',
    'error: imapd:1: MAXDAEMONS: A number above 0 is expected, not "0"',
    'warning: imapd:2: The setting "PORTT" is not known',
  ])
  const json = await courier('check', '--json', '--config', directory.path)
  assert.is(json.code, 1)
  assert.is((JSON.parse(json.stdout) as {problems: unknown[]}).problems.length, 4)
})

config('check has nothing to say about the templates', async () => {
  assert.equal(await courier('check', '--config', resolve('templates')), {code: 0, stdout: '', stderr: ''})
})

config('show --origin tells what each port sees and where it comes from', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'imapd'), 'MAILDIRPATH=Maildir\n')
  writeFileSync(join(directory.path, 'imapd-ssl'), '\nMAILDIRPATH=Mail2\n')
  const {code, stdout} = await courier('show', '--origin', '--config', directory.path)
  assert.is(code, 0)
  assert.ok(stdout.includes(`imap MAILDIRPATH="Maildir"  # ${directory.path}/imapd:1\n`))
  assert.ok(stdout.includes(`imaps MAILDIRPATH="Mail2"  # ${directory.path}/imapd-ssl:2\n`))
})

config('explain tells what a setting is for, and fails for an unknown one', async () => {
  const {code, stdout} = await courier('explain', 'maxperip')
  assert.is(code, 0)
  assert.is(stdout, 'MAXPERIP (imapd): Connections from one address at the same time.\n  Value: number. Shipped: "20".\n  Here: obeyed.\n')
  assert.is((await courier('explain', 'NOTHING')).code, 1)
})

config.run()
