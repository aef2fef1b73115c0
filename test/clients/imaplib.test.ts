import {resolve} from 'node:path'
import * as assert from 'uvu/assert'
import {runProgram} from '../support/run-program.js'
import {ServedMaildir} from '../support/served-maildir.js'
import {suite} from '../support/suite.js'

const imaplib = suite('Python imaplib')

const python = await runProgram('python3', ['-c', 'import imaplib, ssl'])

imaplib.when(python.code === 0, 'there is no python3 with imaplib and ssl')(
  'every method of it works, and its answers are right',
  async () => {
    await using server = await ServedMaildir.start()
    const {code, stdout, stderr} = await runProgram('python3', [
      resolve('test/clients/imaplib-session.py'),
      String(server.port),
      String(server.tlsPort),
    ])
    assert.is(`${stderr}${stdout}${code}`, 'done\n0')
  },
)

imaplib.run()
