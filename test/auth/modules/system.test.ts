import {existsSync} from 'node:fs'
import {rm, writeFile} from 'node:fs/promises'
import * as assert from 'uvu/assert'
import {authpam} from '../../../src/auth/modules/authpam.js'
import {authpwd} from '../../../src/auth/modules/authpwd.js'
import {authshadow, isExpired} from '../../../src/auth/modules/authshadow.js'
import {Secret} from '../../../src/log/secret.js'
import {runProgram} from '../../support/run-program.js'
import {suite} from '../../support/suite.js'
import {imapWith, WRONG} from '../support/imap-logins.js'
import {MARKER, walkWithMarker} from '../support/marker.js'
import {BAD_NAMES, moduleUnderTest} from '../support/module-context.js'
import {scratch} from '../support/scratch.js'

const system = suite('System accounts')

let services = 0

const isRoot = process.getuid?.() === 0
const hasTools = isRoot && existsSync('/usr/sbin/useradd') && existsSync('/usr/sbin/chpasswd')
const test = system.when(hasTools, 'making system users needs root and useradd')
const pamTest = system.when(hasTools && existsSync('/etc/pam.d'), 'a service file of PAM needs root')

/** A system user of the test's own, gone when the test ends. */
async function systemUser(password: string, ...options: string[]) {
  const name = `ct${process.pid.toString(36)}${Math.floor(performance.now()).toString(36)}`
  const made = await runProgram('/usr/sbin/useradd', ['-M', '-N', '-c', 'Test User,room 3', '-d', '/srv/none', ...options, name])
  assert.is(made.code, 0, made.stderr)
  assert.is((await runProgram('/usr/sbin/chpasswd', ['-c', 'SHA512', '-s', '1000'], {input: `${name}:${password}\n`})).code, 0)
  return {
    name,
    async [Symbol.asyncDispose]() {
      await runProgram('/usr/sbin/userdel', [name])
    },
  }
}

/** A service of PAM of the test's own. */
async function pamService(lines: string) {
  const name = `courier-test-${process.pid}-${++services}`
  await writeFile(`/etc/pam.d/${name}`, lines)
  return {name, [Symbol.asyncDispose]: () => rm(`/etc/pam.d/${name}`, {force: true})}
}

/** Longest that 20 wrong passwords may delay a right one. */
const MAX_DELAY_MS = 100
const ATTEMPTS = 8

const UNIX = 'auth required pam_unix.so\naccount required pam_unix.so\n'

test('authshadow: right and wrong passwords, the account by its name, all accounts', async () => {
  await using user = await systemUser('sécret')
  await using at = await moduleUnderTest(authshadow)
  const result = await at.check(user.name, 'sécret')
  assert.is(result.outcome, 'accepted', JSON.stringify(result))
  if (result.outcome !== 'accepted') return
  const {address, systemUser: name, home, fullName, maildir, uid, passwordHash} = result.account
  assert.equal(
    {address, name, home, fullName, maildir},
    {
      address: user.name,
      name: user.name,
      home: '/srv/none',
      fullName: 'Test User,room 3',
      maildir: undefined,
    },
  )
  assert.match(passwordHash?.reveal() ?? '', /^\$6\$/)
  assert.is(await at.outcome(user.name, 'wrong'), 'refused')
  assert.is(await at.outcome(user.name, ''), 'refused')
  assert.is(await at.outcome('nosuchuser', 'secret'), 'refused')
  const list = await at.list()
  assert.is(list.find((account) => account.name === user.name)?.uid, uid)
  assert.not(list.some((account) => account.name === 'root'))
  assert.equal(await at.module.health(), {usable: true})
})

test('authshadow: an expired account does not exist', async () => {
  await using user = await systemUser('secret', '-e', '2001-01-01')
  await using at = await moduleUnderTest(authshadow)
  assert.is(await at.outcome(user.name, 'secret'), 'refused')
  assert.is((await at.module.find('imap', user.name)).outcome, 'refused')
})

for (const [entry, expected] of [
  [{lastChange: -1, maxDays: 1, expires: -1}, false],
  [{lastChange: 10, maxDays: -1, expires: 0}, false],
  [{lastChange: 90, maxDays: 10, expires: -1}, false],
  [{lastChange: 89, maxDays: 10, expires: -1}, true],
  [{lastChange: -1, maxDays: -1, expires: 100}, false],
  [{lastChange: -1, maxDays: -1, expires: 99}, true],
] as const) {
  system(`on day 100, ${JSON.stringify(entry)} is ${expected ? '' : 'not '}expired`, () => {
    assert.is(isExpired({passwordHash: '', ...entry}, 100), expected)
  })
}

test('authpwd: the account is found, and a hash that is elsewhere never matches', async () => {
  await using user = await systemUser('secret')
  await using at = await moduleUnderTest(authpwd)
  assert.is((await at.module.find('imap', user.name)).outcome, 'accepted')
  for (const password of ['secret', 'x', '*', '']) assert.is(await at.outcome(user.name, password), 'refused')
})

test('the system never hears of names that cannot be', async () => {
  await using user = await systemUser('secret')
  for (const type of [authpwd, authshadow, authpam]) {
    await using at = await moduleUnderTest(type)
    for (const name of [...BAD_NAMES, `${user.name}\n`, `${user.name}:x`, '+', '-', '+@netgroup']) {
      assert.is(await at.outcome(name, 'secret'), 'refused', JSON.stringify(name.slice(0, 40)))
      assert.is((await at.module.find('imap', name)).outcome, 'refused')
    }
  }
})

pamTest('authpam: right and wrong passwords by the service of that name', async () => {
  await using user = await systemUser('sécret')
  await using service = await pamService(UNIX)
  await using at = await moduleUnderTest(authpam)
  assert.is(await at.outcome(user.name, 'sécret', service.name), 'accepted')
  assert.is(await at.outcome(user.name, 'wrong', service.name), 'refused')
  for (const odd of ['../shadow', '/etc/passwd', '', '.', 'a\0b', 'x'.repeat(300)])
    assert.is(await at.outcome(user.name, 'sécret', odd), 'refused')
  const found = await at.module.find(service.name, user.name)
  assert.is(found.outcome === 'accepted' && found.account.systemUser, user.name)
})

pamTest('logins over IMAP by PAM and by shadow', async () => {
  await using user = await systemUser('secret')
  await using place = await scratch()
  for (const modules of [['authpam'], ['authshadow'], ['authpwd', 'authshadow']]) {
    await using imap = await imapWith(place.directory, modules)
    assert.is(await imap.login(user.name, 'secret'), 'OK', modules.join())
    assert.is(await imap.login(user.name, 'wrong'), WRONG)
    assert.is(await imap.login('nosuchuser', 'wrong'), WRONG)
  }
})

pamTest('authpam: a service that cannot be asked is no wrong password', async () => {
  await using user = await systemUser('secret')
  await using service = await pamService('auth required pam_debug.so auth=authinfo_unavail\naccount required pam_permit.so\n')
  await using at = await moduleUnderTest(authpam)
  const result = await at.check(user.name, 'secret', service.name)
  assert.is(result.outcome, 'unavailable')
  assert.ok(result.outcome === 'unavailable' && result.asksOthers)
})

pamTest('authpam: 20 wrong passwords at once do not make a right one wait for the delays of PAM', async () => {
  await using user = await systemUser('secret')
  await using service = await pamService(UNIX)
  await using at = await moduleUnderTest(authpam, undefined, {daemons: 5})
  // All five processes run.
  await Promise.all(Array.from({length: 10}, () => at.outcome(user.name, 'secret', service.name)))
  const right = async () => {
    const start = performance.now()
    assert.is(await at.outcome(user.name, 'secret', service.name), 'accepted')
    return performance.now() - start
  }
  const among = async (password: string, outcome: string) => {
    const others = Array.from({length: 20}, () => at.outcome(user.name, password, service.name))
    const took = await right()
    assert.equal([...new Set(await Promise.all(others))], [outcome])
    return took
  }
  // Each wrong one would hold a process for 1.5 to 2 s; right ones are the same work without it. The quickest of some tries: other
  // programs want the processors too.
  const delay = async () => (await among('wrong', 'refused')) - (await among('secret', 'accepted'))
  let quickest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < ATTEMPTS && quickest >= MAX_DELAY_MS; attempt += 1) quickest = Math.min(quickest, await delay())
  assert.ok(quickest < MAX_DELAY_MS, `${quickest} ms`)
})

pamTest('authpam: wrong passwords of one address do not make a right one from another wait for them all', async () => {
  await using user = await systemUser('secret')
  await using service = await pamService(UNIX)
  await using at = await moduleUnderTest(authpam, undefined, {daemons: 2})
  assert.is(await at.outcome(user.name, 'secret', service.name), 'accepted')
  let answered = 0
  const wrong = Array.from({length: 60}, async () => {
    assert.is(await at.outcome(user.name, 'wrong', service.name), 'refused')
    answered += 1
  })
  const request = {service: service.name, user: user.name, password: new Secret('secret'), remote: '192.0.2.99'}
  assert.is((await at.module.check(request)).outcome, 'accepted')
  const before = answered
  await Promise.all(wrong)
  // It has two questions, and for each waits for the two that are being answered and for one of the others, whose turn it is.
  assert.ok(before <= 10, `${before} of 60 came before`)
})

pamTest('no password appears in logs, answers, errors or command lines', async () => {
  await using user = await systemUser(MARKER)
  await using service = await pamService(UNIX)
  await walkWithMarker({type: authshadow, user: user.name, service: service.name})
  await walkWithMarker({type: authpam, user: user.name, service: service.name, changes: true})
  const path = `/etc/pam.d/${service.name}`
  const states = [
    {
      name: 'PAM cannot ask',
      enter: () => writeFile(path, 'auth required pam_debug.so auth=authinfo_unavail\naccount required pam_permit.so\n'),
      leave: () => writeFile(path, UNIX),
    },
    {name: 'a module of PAM is missing', enter: () => writeFile(path, 'auth required nosuch.so\n'), leave: () => writeFile(path, UNIX)},
  ]
  await walkWithMarker({type: authpam, user: user.name, service: service.name, states})
})

pamTest('authpam: a password change goes through passwd, as the user', async () => {
  await using user = await systemUser('old-Passw0rd-x')
  await using service = await pamService(UNIX)
  await using at = await moduleUnderTest(authpam)
  const change = (oldPassword: string, newPassword: string) => at.change(user.name, oldPassword, newPassword, service.name)
  assert.is(await change('wrong', 'Entirely-9-different'), 'refused')
  assert.is(await change('old-Passw0rd-x', 'a\nb'), 'refused')
  assert.is(await change('old-Passw0rd-x', 'Entirely-9-different'), 'changed')
  assert.is(await at.outcome(user.name, 'old-Passw0rd-x', service.name), 'refused')
  assert.is(await at.outcome(user.name, 'Entirely-9-different', service.name), 'accepted')
})

pamTest('a server that gives root up keeps the processes that need it', async () => {
  await using user = await systemUser('secret')
  const folder = new URL('../../../src/auth/', import.meta.url).href
  const script = `
    const {SystemProcesses} = await import('${folder}system/system-processes.js')
    const processes = new SystemProcesses({limit: 2, timeoutMs: 5000})
    await processes.warmUp()
    process.setgroups([65534])
    process.setgid(65534)
    process.setuid(65534)
    const ask = () => processes.ask({kind: 'account', name: '${user.name}', wantsShadow: true}, '')
    const {found} = await ask()
    console.log(found.shadow.passwordHash.slice(0, 3))
    await processes.close()
    console.log(await ask().catch((error) => error.name))
  `
  const {code, stdout, stderr} = await runProgram(process.execPath, ['--input-type=module', '-e', script])
  assert.equal([code, stdout, stderr], [0, '$6$\nFault\n', ''])
})

pamTest('authpam: a module of PAM that hangs or kills the process fails its own login only', async () => {
  await using user = await systemUser('secret')
  await using service = await pamService(UNIX)
  await using killing = await pamService(`auth required pam_exec.so quiet /bin/sh -c kill\\ -9\\ $PPID\n`)
  await using at = await moduleUnderTest(authpam, undefined, {daemons: 2})
  const lost = at.outcome(user.name, 'secret', killing.name)
  assert.is(await lost, 'unavailable')
  const next = await at.check(user.name, 'secret', service.name)
  assert.is(next.outcome, 'accepted', JSON.stringify(next))
})

system.run()
