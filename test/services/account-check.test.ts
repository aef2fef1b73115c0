import {utimes, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {accountProblems} from '../../src/services/account-check.js'
import {addAppPassword} from '../../src/services/app-passwords.js'
import {scratch} from '../auth/support/scratch.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'

const check = suite('Check of the accounts at the start')

check('a missing database and one of real Courier that is newer are told', async () => {
  await using at = await scratch()
  const settings = {
    directory: at.directory,
    modules: ['authuserdb'],
    defaultOptions: '',
    defaultMaildir: './Maildir',
    defaultDomain: {domain: '', separators: undefined},
  }
  const problems = async () => (await accountProblems(settings)).join('\n')
  assert.match(await problems(), 'courier makeuserdb')
  await at.userdb('a\tuid=1\n')
  assert.is(await problems(), '')
  const later = new Date(Date.now() + 5000)
  await utimes(at.path('userdb'), later, later)
  assert.match(await problems(), 'has changed since it was compiled: changes count after "courier makeuserdb"')
  await utimes(at.path('userdb'), 1, 1)
  await writeFile(at.path('userdb.dat'), '')
  await utimes(at.path('userdb.dat'), 1, 1)
  assert.is(await problems(), '')
  await utimes(at.path('userdb.dat'), later, later)
  assert.match(await problems(), 'is newer than')
})

check.when(process.getuid?.() === 0, 'only root can take rights away from others here')(
  'app passwords that the server may not read are told',
  async () => {
    await using at = await scratch()
    await addAppPassword(at.path('state'), {account: 'ann', name: 'x', services: [], expires: undefined})
    const code = `import {accountProblems} from '${process.cwd()}/dist/src/services/account-check.js'
process.setgid(65534); process.setuid(65534)
console.log((await accountProblems({directory: '/', modules: ['authpam'], stateDirectory: '${at.path('state')}'})).join())`
    const {stdout} = await runProgram(process.execPath, ['--input-type=module', '-e', code])
    assert.match(stdout, 'apppw.lmdb cannot be read')
  },
)

check.run()
