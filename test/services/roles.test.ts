/** The roles as processes (`design.md` §2): who runs as whom, and what ends with which process. Root only. */
import {once} from 'node:events'
import {readFileSync} from 'node:fs'
import {connect} from 'node:net'
import * as assert from 'uvu/assert'
import {
  canSeparate,
  FRONT_USER,
  type HostClient,
  PASSWORD,
  type ProcessHost,
  processHost,
  treeOf,
  until,
  VIRTUAL,
  VIRTUAL_NAMES,
} from '../support/process-host.js'
import {runProgram} from '../support/run-program.js'
import {suite} from '../support/suite.js'

const roles = suite('Roles as processes', {limitMs: 40_000})
const test = roles.when(canSeparate, 'separate roles need root and useradd')

/** Sessions of all users in turn, every second one encrypted. */
async function sessions(host: ProcessHost, count: number): Promise<{readonly plain: HostClient[]; readonly encrypted: HostClient[]}> {
  const names = [...VIRTUAL_NAMES, ...host.systemNames]
  const login = (number: number, tls: boolean) => host.login(names[number % names.length] ?? '', {tls})
  const numbers = Array.from({length: count / 2}, (_, number) => number)
  const plain = await Promise.all(numbers.map((number) => login(number, false)))
  const encrypted = await Promise.all(numbers.map((number) => login(number, true)))
  return {plain, encrypted}
}

/** The session answers. */
async function works(client: HostClient): Promise<void> {
  assert.match((await client.command('NOOP')).at(-1) ?? '', /^x OK /)
}

async function areClosed(clients: readonly HostClient[]): Promise<void> {
  for (const {socket} of clients) socket.resume()
  await until(() => clients.every(({closed}) => closed), 'the sessions end')
}

/** Not later than `limitMs` after `began`; on a machine that needs longer to start the server, not later than that takes. */
function inTime({startMs}: ProcessHost, limitMs: number, began: number): void {
  const tookMs = Date.now() - began
  assert.ok(tookMs < Math.max(limitMs, startMs), `after ${tookMs} ms; the server started in ${startMs.toFixed()} ms`)
}

const open = (clients: readonly HostClient[]) => clients.filter(({closed}) => !closed)

test('run as those whom they serve, with a built environment, and gain no rights', async () => {
  await using host = await processHost({env: {UV_USE_IO_URING: '1', NODE_OPTIONS: '--no-deprecation', SECRET: 'x'}})
  const [first = ''] = host.systemNames
  using _one = await host.login('v1')
  using _two = await host.login('v2', {tls: true})
  using _system = await host.login(first)
  const shown = Object.fromEntries(
    host.roles().map((role) => [role.title.replace(first, 'USER').replace(/\d+:\d+ USER/, 'N:N USER'), role]),
  )
  const titles = Object.keys(shown).filter((title) => title.startsWith('courier: '))
  assert.equal(titles.sort(), [
    'courier: auth',
    'courier: front',
    `courier: mail ${VIRTUAL.uid}:${VIRTUAL.gid}`,
    'courier: mail N:N USER',
    'courier: supervisor',
  ])
  const passwd = readFileSync('/etc/passwd', 'latin1')
  const uidOf = (name: string) => Number(new RegExp(`^${name}:[^:]*:(\\d+)`, 'm').exec(passwd)?.[1])
  assert.is(shown['courier: supervisor']?.uid, 0)
  // PAM needs it.
  assert.is(shown['courier: auth']?.uid, 0)
  assert.is(shown['courier: front']?.uid, uidOf(FRONT_USER))
  const {uid, gid, groups = []} = shown[`courier: mail ${VIRTUAL.uid}:${VIRTUAL.gid}`] ?? {}
  assert.equal({uid, gid, groups}, {...VIRTUAL, groups: []})
  const system = shown['courier: mail N:N USER']
  const mailGroup = Number(/^mail:[^:]*:(\d+)/m.exec(readFileSync('/etc/group', 'latin1'))?.[1])
  assert.is(system?.uid, uidOf(first))
  assert.ok(system?.groups.includes(mailGroup), 'the further groups of a system user')
  for (const title of titles) {
    const role = shown[title]
    const isBound = title === 'courier: front' || title.startsWith('courier: mail')
    assert.is(role?.noNewPrivileges, isBound, title)
    const names = role?.environment.map((pair) => pair.split('=')[0]) ?? []
    for (const name of ['NODE_OPTIONS', 'UV_USE_IO_URING']) assert.not.ok(names.includes(name), `${title}: ${name}`)
    if (title !== 'courier: supervisor') assert.not.ok(names.includes('SECRET'), title)
  }
})

test('sessions cannot read the mail of others', async () => {
  await using host = await processHost()
  using thief = await host.connect()
  await thief.transcript(`
    S: * OK [CAPABILITY *
    C: a LOGIN thief ${PASSWORD}
    S: * BYE [ALERT] *Permission denied*
  `)
})

test('commands that come with the login, in any pieces, are answered once and in order', async () => {
  await using host = await processHost()
  const text = `a LOGIN v1 ${PASSWORD}\r\nb SELECT INBOX\r\nc NOOP\r\nd LOGOUT\r\n`
  for (const tls of [false, true]) {
    for (let cut = 1; cut < text.length; cut += 3) {
      using client = await host.connect({tls})
      await client.lines.line()
      client.socket.write(text.slice(0, cut))
      // Each time a little later, so that the rest comes before, while and after the socket changes its process.
      await new Promise((resolve) => setTimeout(resolve, cut / 20))
      client.socket.write(text.slice(cut))
      const tagged: string[] = []
      for (let line = await client.lines.line(); line !== undefined; line = await client.lines.line())
        if (/^[a-d] /.test(line)) tagged.push(line.slice(0, 4))
      assert.equal(tagged, ['a OK', 'b OK', 'c OK', 'd OK'], `${tls ? 'TLS' : 'plain'}, cut at ${cut}`)
    }
  }
})

/** What comes of the lies of a front, told as this user on all sockets that it may connect to. */
async function lies(host: ProcessHost, {uid, gid}: {readonly uid: number; readonly gid: number}): Promise<unknown> {
  const program = new URL('../support/hostile-front.js', import.meta.url).pathname
  const others = ['courier: supervisor', 'courier: auth', 'courier: mail'].map((title) => String(host.role(title).pid))
  const {stdout, stderr} = await runProgram(process.execPath, [program, `${host.server.run}-roles`, String(uid), String(gid), ...others])
  assert.is(stderr, '')
  return JSON.parse(stdout)
}

test("a front that was taken over gets nobody's session: it has its own guesses", async () => {
  await using host = await processHost()
  using session = await host.login('v1', {tls: true})
  await works(session)
  assert.equal(await lies(host, host.role('courier: front')), {
    directory: 'EACCES',
    sockets: ['auth', 'mail-1'],
    'a wrong password': 'refused',
    'another user with a ticket of its own making': 'no answer',
    'a guessed key': 'no answer',
    'no key': 'no answer',
    'signals to the others': ['EPERM', 'EPERM', 'EPERM'],
  })
  await works(session)
})

test('as another user nobody connects to the sockets between the processes', async () => {
  await using host = await processHost()
  using session = await host.login('v1')
  assert.equal(await lies(host, {uid: 52_001, gid: 52_001}), {
    directory: 'EACCES',
    sockets: ['EACCES', 'EACCES'],
    'signals to the others': ['EPERM', 'EPERM', 'EPERM'],
  })
  await works(session)
})

test('courier restart --rolling: all but the supervisor are new, who connects meanwhile is served, sessions are told to end', async () => {
  await using host = await processHost()
  const {plain, encrypted} = await sessions(host, 10)
  const before = host.roles()
  const ends = Promise.all([...plain, ...encrypted].map((client) => client.lines.line()))
  const restarted = runProgram(process.execPath, ['bin/run.js', 'restart', '--rolling', '--run', host.server.run])
  let served = 0
  let over = false
  const logins = (async () => {
    while (!over) {
      const client = await host.connect({tls: served % 2 === 1})
      // One that is before its login when its front goes is told so.
      const greeting = await client.lines.line()
      assert.match(greeting ?? '', /^\* OK /)
      await client.send(`a LOGIN v1 ${PASSWORD}\r\n`)
      const answer = (await client.lines.line()) ?? ''
      assert.match(answer, /^(a OK LOGIN Ok|\* BYE Courier-IMAP server shut down)/)
      served += 1
      client[Symbol.dispose]()
    }
  })()
  const {code, stderr} = await restarted
  over = true
  await logins
  assert.is(code, 0, stderr)
  assert.ok(served > 3, `${served} logins meanwhile`)
  for (const line of await ends) assert.is(line, '* BYE Courier-IMAP server shut down by signal.')
  const same = host.roles().filter(({pid}) => before.some((old) => old.pid === pid))
  assert.equal(
    same.map(({title}) => title),
    ['courier: supervisor'],
  )
  using client = await host.login('v2', {tls: true})
  await works(client)
})

test('kill -9 of a mail process: its sessions end, the others go on, the next login is served', async () => {
  await using host = await processHost()
  const {plain, encrypted} = await sessions(host, 50)
  const system = host.roles().filter(({title}) => title.startsWith('courier: mail') && !title.includes(`${VIRTUAL.uid}:`))
  assert.is(system.length, 2)
  process.kill(host.role(`courier: mail ${VIRTUAL.uid}:`).pid, 'SIGKILL')
  const names = [...VIRTUAL_NAMES, ...host.systemNames]
  const isVirtual = (_: HostClient, index: number) => VIRTUAL_NAMES.includes(names[index % names.length] ?? '')
  const gone = [...plain.filter(isVirtual), ...encrypted.filter(isVirtual)]
  await areClosed(gone)
  const left = open([...plain, ...encrypted])
  assert.is(left.length, 50 - gone.length)
  await Promise.all(left.map(works))
  const began = Date.now()
  using again = await host.login('v1')
  await works(again)
  inTime(host, 2_000, began)
  for (const client of [...plain, ...encrypted]) client[Symbol.dispose]()
})

test('kill -9 of the front: plain sessions go on, encrypted ones end, and who connects meanwhile is answered', async () => {
  await using host = await processHost()
  const {plain, encrypted} = await sessions(host, 50)
  using before = await host.connect()
  await before.lines.line()
  process.kill(host.role('courier: front').pid, 'SIGKILL')
  // Before another front can have been started.
  const began = Date.now()
  using between = await host.connect()
  assert.match((await between.lines.line()) ?? '', /^\* OK \[CAPABILITY /)
  inTime(host, 2_000, began)
  await areClosed([...encrypted, before])
  assert.is(open(plain).length, plain.length)
  await Promise.all(plain.map(works))
  using encryptedAgain = await host.login('v2', {tls: true})
  await works(encryptedAgain)
  for (const client of plain) client[Symbol.dispose]()
})

test('kill -9 of auth: no session ends, and logins in progress are answered by the next one', async () => {
  await using host = await processHost()
  const {plain, encrypted} = await sessions(host, 50)
  const auth = host.role('courier: auth').pid
  process.kill(auth, 'SIGSTOP')
  const logins = await Promise.all(
    ['v1', 'v2', host.systemNames[0] ?? ''].map(async (user, index) => {
      const client = await host.connect({tls: index === 1})
      await client.lines.line()
      await client.send(`a LOGIN ${user} ${PASSWORD}\r\n`)
      return client
    }),
  )
  using plainMechanism = await host.connect()
  await plainMechanism.lines.line()
  await plainMechanism.send(`a AUTHENTICATE PLAIN ${Buffer.from(`\0v3\0${PASSWORD}`).toString('base64')}\r\n`)
  process.kill(auth, 'SIGKILL')
  const began = Date.now()
  for (const client of [...logins, plainMechanism]) assert.is(await client.lines.line(), 'a OK LOGIN Ok.')
  inTime(host, 2_000, began)
  const all = [...plain, ...encrypted]
  assert.is(open(all).length, 50)
  await Promise.all(all.map(works))
  for (const client of [...all, ...logins]) client[Symbol.dispose]()
})

test("kill -9 of PAM's helper: no session ends, and its login is checked by another one", async () => {
  await using host = await processHost()
  const [first = '', second = ''] = host.systemNames
  using session = await host.login(first)
  const helpers = () => host.roles().filter(({title}) => title.includes('system-process'))
  for (const {pid} of helpers()) process.kill(pid, 'SIGSTOP')
  using client = await host.connect()
  await client.lines.line()
  const stopped = helpers()
  assert.ok(stopped.length > 0)
  await client.send(`a LOGIN ${second} ${PASSWORD}\r\n`)
  await new Promise((resolve) => setTimeout(resolve, 200))
  for (const {pid} of stopped) process.kill(pid, 'SIGKILL')
  assert.is(await client.lines.line(), 'a OK LOGIN Ok.')
  await works(session)
})

test('kill -9 of the supervisor: all processes end within a second and leave no port behind', async () => {
  await using host = await processHost()
  const {plain, encrypted} = await sessions(host, 50)
  const all = host.roles().map(({pid}) => pid)
  assert.ok(all.length >= 6)
  const began = Date.now()
  host.server.child.kill('SIGKILL')
  await until(() => all.every((pid) => treeOf(pid).length === 0), 'all processes end')
  inTime(host, 1_000, began)
  await areClosed([...plain, ...encrypted])
  const refused = connect(host.port, '127.0.0.1')
  const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
  assert.is(error.code, 'ECONNREFUSED')
  await host.again()
  using client = await host.login('v1')
  assert.match((await client.command('SELECT INBOX')).at(-1) ?? '', /^x OK /)
})

test('a slow reader of an encrypted session does not fill the memory of the front', async () => {
  await using host = await processHost()
  using client = await host.login('v1', {tls: true})
  const message = `Subject: large\r\n\r\n${'x'.repeat(98)}\r\n`.padEnd(0) + `${'y'.repeat(98)}\r\n`.repeat(400_000)
  await client.send(`a APPEND INBOX {${message.length}}\r\n`)
  assert.match((await client.lines.line()) ?? '', /^\+/)
  await client.send(`${message}\r\n`)
  assert.match((await client.lines.line()) ?? '', /^a OK/)
  await client.command('SELECT INBOX')
  const resident = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${host.role('courier: front').pid}/status`, 'latin1'))?.[1])
  const before = resident()
  client.socket.removeAllListeners('data')
  client.socket.pause()
  client.socket.write('b FETCH 1 BODY.PEEK[]\r\n')
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  assert.ok(resident() - before < 16_384, `the front has grown by ${resident() - before} KiB`)
})

test('SIGHUP: new settings for new sessions of all processes, a broken configuration changes nothing', async () => {
  await using host = await processHost()
  using session = await host.login('v1')
  const path = host.path('imapd')
  const {writeFileSync} = await import('node:fs')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace(/^IMAP_CAPABILITY=.*$/m, 'IMAP_CAPABILITY="IMAP4rev1 X-MINE"'))
  host.server.child.kill('SIGHUP')
  assert.ok(await host.server.until('server.reloaded'))
  using next = await host.connect()
  assert.match((await next.lines.line()) ?? '', /CAPABILITY IMAP4rev1 X-MINE /)
  await next.send(`a LOGIN v2 ${PASSWORD}\r\n`)
  await next.lines.line()
  assert.match((await next.command('CAPABILITY'))[0] ?? '', / X-MINE /)
  await works(session)
  writeFileSync(path, `${text}\nMAXDAEMONS=none\n`)
  host.server.child.kill('SIGHUP')
  assert.ok(await host.server.until('config.refused'))
  using last = await host.connect()
  assert.match((await last.lines.line()) ?? '', /CAPABILITY IMAP4rev1 X-MINE /)
})

roles.run()
