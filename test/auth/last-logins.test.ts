import {mkdirSync, readdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import * as assert from 'uvu/assert'
import {LastLogins, readLastLogins} from '../../src/auth/last-logins.js'
import {lastLoginsText} from '../../src/services/show-last-logins.js'
import {LogLines} from '../support/store.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'

const last = suite('Last logins')

last('each account and service has its last login; others stay', async () => {
  using state = temporaryDirectory()
  let now = 1_000
  const open = () => new LastLogins({directory: state.path, log: new LogLines(), now: () => now})
  const first = open()
  first.saw({user: 'ann@example.com', service: 'imap', remote: '::ffff:192.0.2.1'})
  first.saw({user: 'bob', service: 'imap', remote: '::1'})
  now = 2_000
  first.saw({user: 'ann@example.com', service: 'imap', remote: '::ffff:192.0.2.2'})
  await first.close()
  now = 3_000
  const second = open()
  second.saw({user: 'ann@example.com', service: 'pop3', remote: '::1'})
  await second.close()
  assert.equal(await readLastLogins(state.path, 'ann@example.com'), [
    {user: 'ann@example.com', service: 'imap', time: 2_000, remote: '::ffff:192.0.2.2'},
    {user: 'ann@example.com', service: 'pop3', time: 3_000, remote: '::1'},
  ])
  assert.equal((await readLastLogins(state.path, undefined)).length, 3)
  assert.equal(await readLastLogins(state.path, 'nobody'), [])
  assert.match(lastLoginsText(await readLastLogins(state.path, 'bob')), /^bob\s+imap\s+1970-01-01 00:00:01Z\s+::1$/m)
})

last('names of any characters', async () => {
  using state = temporaryDirectory()
  const logins = new LastLogins({directory: state.path, log: new LogLines(), now: () => 5})
  const names = ['a\nb', '"', '\t', 'jürgen', '../../x', 'x'.repeat(10_000)]
  for (const user of names) logins.saw({user, service: 'imap', remote: ''})
  await logins.close()
  for (const user of names) assert.equal(await readLastLogins(state.path, user), [{user, service: 'imap', time: 5, remote: ''}])
  assert.equal(readdirSync(state.path), ['lastlogin'])
})

last('damaged lines are not known, the others stay', async () => {
  using state = temporaryDirectory()
  const logins = new LastLogins({directory: state.path, log: new LogLines(), now: () => 5})
  logins.saw({user: 'ann', service: 'imap', remote: ''})
  await logins.write()
  const [name = ''] = readdirSync(join(state.path, 'lastlogin'))
  writeFileSync(join(state.path, 'lastlogin', name), '["ann","imap"\n[1]\nnull\n["ann","pop3",4,"x"]\n')
  assert.equal(await readLastLogins(state.path, 'ann'), [{user: 'ann', service: 'pop3', time: 4, remote: 'x'}])
  logins.saw({user: 'ann', service: 'imap', remote: ''})
  await logins.close()
  assert.is((await readLastLogins(state.path, 'ann')).length, 2)
})

last('a directory that cannot be written costs a line in the log, not a login', async () => {
  using state = temporaryDirectory()
  const log = new LogLines()
  const logins = new LastLogins({directory: join(state.path, 'file'), log, now: () => 5})
  mkdirSync(state.path, {recursive: true})
  writeFileSync(join(state.path, 'file'), '')
  logins.saw({user: 'ann', service: 'imap', remote: ''})
  await logins.close()
  assert.match(log.lines.join('\n'), /^auth\.last-logins-lost .*Not a directory/m)
})

last.run()
