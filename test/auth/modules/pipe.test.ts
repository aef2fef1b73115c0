import {chmod, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {authpipe, pipeModule} from '../../../src/auth/modules/authpipe/authpipe.js'
import type {ModuleType} from '../../../src/auth/modules/module.js'
import {suite} from '../../support/suite.js'
import {DOWN, imapWith, WRONG} from '../support/imap-logins.js'
import {MARKER, walkWithMarker} from '../support/marker.js'
import {BAD_NAMES, moduleUnderTest} from '../support/module-context.js'
import {recordingLog, scratch} from '../support/scratch.js'

const pipe = suite('authpipe')

/** Quick times, so that what is late is late soon. */
const TIMES = {replyMs: 800, enumerationMs: 800, graceMs: 100, killMs: 200}

/** A program that answers as the table says; `ann` has a password in the file beside it. */
const PROGRAM = `#!${process.execPath}
const {readFileSync, writeFileSync} = require('node:fs')
const store = __dirname + '/password'
const attributes = 'UID=5001\\nGID=5002\\nHOME=/srv/mail/ann\\nADDRESS=ann\\nNAME=Ann Lee\\nMAILDIR=./Maildir\\nQUOTA=5S\\nJUNK\\nX=y\\nOPTIONS=sharedgroup=north\\n'
let rest = Buffer.alloc(0)
process.stdin.on('data', (chunk) => {
  rest = Buffer.concat([rest, chunk])
  for (;;) {
    const end = rest.indexOf(10)
    if (end < 0) return
    const line = rest.subarray(0, end).toString()
    let data = []
    if (line.startsWith('AUTH ')) {
      const length = Number(line.slice(5))
      if (rest.length < end + 1 + length) return
      data = rest.subarray(end + 1, end + 1 + length).toString().split('\\n')
      rest = rest.subarray(end + 1 + length)
    } else rest = rest.subarray(end + 1)
    answer(line, data)
  }
})
function answer(line, [service, type, first, second]) {
  const password = readFileSync(store, 'utf8')
  const user = line.startsWith('PRE ') ? line.split(' ').slice(3).join(' ') : first
  const [, , old, next] = line.split('\\t')
  if (line === 'ENUMERATE') return process.stdout.write(password === 'half' ? 'ann\\t5001\\t5002\\t/srv/mail/ann\\t\\t\\n' : 'ann\\t5001\\t5002\\t/srv/mail/ann\\t./Maildir\\tsharedgroup=north\\nbob\\t5003\\t5003\\t/srv/mail/bob\\t\\t\\n.\\n')
  if (line.startsWith('PASSWD ')) {
    if (old !== password) return process.stdout.write('FAIL\\n')
    writeFileSync(store, next)
    return process.stdout.write('OK\\n')
  }
  if (user === 'exit') process.exit(0)
  if (user === 'sleep') return
  if (user === 'junk') return process.stdout.write('JUNK\\n.\\n')
  if (user === 'endless') return process.stdout.write('A'.repeat(100000))
  if (user === 'root') return process.stdout.write(attributes.replace('UID=5001', 'UID=0') + '.\\n')
  if (user === 'system') return process.stdout.write(attributes.replace('UID=5001', 'USERNAME=nobody') + '.\\n')
  if (user === 'twice') return process.stdout.write('FAIL\\nmore\\n')
  if (type && type.startsWith('cram')) return process.stdout.write(second === 'right' ? attributes + '.\\n' : 'FAIL\\n')
  if (user !== 'ann' || (type === 'login' && second !== password)) return process.stdout.write('FAIL\\n')
  process.stdout.write(attributes + 'PASSWD2=' + password + '\\n.\\n')
}
`

async function program(text = PROGRAM) {
  const place = await scratch()
  await writeFile(place.path('password'), 'secret')
  await writeFile(place.path('authProg'), text)
  await chmod(place.path('authProg'), 0o755)
  const type: ModuleType = {name: 'authpipe', create: (context) => pipeModule(place.path('authProg'), TIMES, context)}
  return {...place, type}
}

pipe('right and wrong passwords, and what the program tells', async () => {
  await using made = await program()
  await using at = await moduleUnderTest(made.type)
  const result = await at.check('ann', 'secret')
  assert.is(result.outcome, 'accepted', JSON.stringify(result))
  if (result.outcome !== 'accepted') return
  const {passwordHash, clearPassword, ...account} = result.account
  assert.equal(account, {
    address: 'ann',
    uid: 5001,
    gid: 5002,
    home: '/srv/mail/ann',
    maildir: './Maildir',
    quota: '5S',
    fullName: 'Ann Lee',
    options: 'sharedgroup=north',
  })
  assert.is(clearPassword?.reveal(), 'secret')
  assert.is(passwordHash, undefined)
  assert.is(await at.outcome('ann', 'wrong'), 'refused')
  assert.is(await at.outcome('nobody', 'secret'), 'refused')
  assert.is((await at.module.find('imap', 'ann')).outcome, 'accepted')
  const found = await at.module.find('imap', 'system')
  assert.is(found.outcome === 'accepted' && found.account.systemUser, 'nobody')
  assert.is(found.outcome === 'accepted' && found.account.uid, 65534)
  const cram = {service: 'imap', method: 'cram-md5', challenge: 'YQ==', remote: ''} as const
  assert.is((await at.module.checkChallenge?.({...cram, response: 'right'}))?.outcome, 'accepted')
  assert.is((await at.module.checkChallenge?.({...cram, response: 'wrong'}))?.outcome, 'refused')
})

pipe('a password change counts for the next login; all accounts are listed', async () => {
  await using made = await program()
  await using at = await moduleUnderTest(made.type)
  assert.is(await at.change('ann', 'wrong', 'next'), 'refused')
  assert.is(await at.change('ann', 'secret', 'a\tb'), 'refused')
  assert.is(await at.change('ann', 'secret', 'next'), 'changed')
  assert.is(await at.outcome('ann', 'next'), 'accepted')
  assert.equal(await at.list(), [
    {name: 'ann', uid: 5001, gid: 5002, home: '/srv/mail/ann', maildir: './Maildir', options: 'sharedgroup=north'},
    {name: 'bob', uid: 5003, gid: 5003, home: '/srv/mail/bob', maildir: undefined, options: undefined},
  ])
  assert.is(await at.change('ann', 'next', 'half'), 'changed')
  assert.is(await at.list().catch((error: Error) => error.name), 'Fault')
})

for (const [user, expected] of [
  ['exit', 'unavailable'],
  ['sleep', 'unavailable'],
  ['endless', 'unavailable'],
  ['junk', 'refused'],
  ['root', 'refused'],
  ['twice', 'refused'],
] as const) {
  pipe(`a program that does "${user}" is ${expected}, and the next request is answered`, async () => {
    await using made = await program()
    await using at = await moduleUnderTest(made.type, undefined, {daemons: 1})
    assert.is(await at.outcome('ann', 'secret'), 'accepted')
    assert.is(await at.outcome(user, 'secret'), expected)
    assert.is(await at.outcome('ann', 'secret'), 'accepted')
  })
}

pipe('logins over IMAP', async () => {
  await using made = await program()
  await using imap = await imapWith(made.directory, ['authpipe'])
  assert.is(await imap.login('ann', 'secret'), 'OK')
  assert.is(await imap.login('ann', 'wrong'), WRONG)
  assert.is(await imap.login('exit', 'wrong'), DOWN)
  assert.is(await imap.login('ann', 'secret'), 'OK')
})

pipe("names that the protocol cannot carry are nobody's", async () => {
  await using made = await program()
  await using at = await moduleUnderTest(made.type)
  for (const user of BAD_NAMES) {
    assert.is(await at.outcome(user, 'secret'), 'refused', JSON.stringify(user.slice(0, 40)))
    assert.is((await at.module.find('imap', user)).outcome, 'refused')
  }
})

pipe('many at once are each answered right', async () => {
  await using made = await program()
  await using at = await moduleUnderTest(made.type, undefined, {daemons: 2})
  const outcomes = await Promise.all(Array.from({length: 30}, (_, index) => at.outcome('ann', index % 3 === 0 ? 'secret' : 'wrong')))
  assert.equal(
    outcomes,
    Array.from({length: 30}, (_, index) => (index % 3 === 0 ? 'accepted' : 'refused')),
  )
})

pipe('a program that cannot run, or says something unasked, is unavailable', async () => {
  for (const text of ['#!/no/such/interpreter\n', '#!/bin/sh\necho hello\ncat\n', '#!/bin/sh\nexit 1\n']) {
    await using made = await program(text)
    await using at = await moduleUnderTest(made.type)
    assert.is(await at.outcome('ann', 'secret'), 'unavailable')
    assert.is(await at.list().catch((error: Error) => error.name), 'Fault')
  }
})

pipe('without a program that may be executed there is no module', async () => {
  await using place = await scratch()
  const context = {directory: place.directory, log: recordingLog()} as unknown as Parameters<ModuleType['create']>[0]
  assert.is(authpipe.create(context), undefined)
  await writeFile(place.path('authProg'), PROGRAM, {mode: 0o600})
  assert.is(authpipe.create(context), undefined)
})

pipe('no password appears in logs, answers, errors or command lines, whatever the program does', async () => {
  await using made = await program()
  await writeFile(made.path('password'), MARKER)
  const replace = (text: string) => async () => {
    await writeFile(made.path('authProg'), text)
    await chmod(made.path('authProg'), 0o755)
  }
  await walkWithMarker({type: made.type, user: 'ann', changes: true})
  for (const [name, text] of [
    ['it ends without an answer', '#!/bin/sh\nread line\nexit 1\n'],
    ['it says something else', '#!/bin/sh\nread line\necho "$line"\ncat\n'],
    ['it cannot run', '#!/nonexistent\n'],
  ] as const) {
    await replace(text)()
    const at = {...made.type}
    await using source = await moduleUnderTest(at)
    assert.is.not((await source.check('ann', MARKER).catch((error: Error) => ({outcome: error.name}))).outcome, 'accepted', name)
    assert.not(source.log.lines.some((line) => line.includes(MARKER)))
    await replace(PROGRAM)()
  }
})

pipe.run()
