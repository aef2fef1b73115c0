import {utimes, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {accountProblems} from '../../src/services/account-check.js'
import {scratch} from '../auth/support/scratch.js'
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
  await writeFile(at.path('userdb.dat'), '')
  await utimes(at.path('userdb.dat'), 1, 1)
  assert.is(await problems(), '')
  await utimes(at.path('userdb.dat'), new Date(), new Date(Date.now() + 5000))
  assert.match(await problems(), 'is newer than')
})

check.run()
