import {execFileSync} from 'node:child_process'
import {once} from 'node:events'
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import * as assert from 'uvu/assert'
import {withValues} from '../../src/services/demo/make-demo.js'
import {freePorts, startCourier} from '../support/server-process.js'
import {suite} from '../support/suite.js'

const demo = suite('Demo', {limitMs: 30_000})
const isRoot = process.geteuid?.() === 0
const hasCurl = ['/usr/bin/curl', '/bin/curl'].some((path) => existsSync(path))

function othersCanReach(path: string): boolean {
  return (statSync(path).mode & 1) !== 0 && (path === '/' || othersCanReach(dirname(path)))
}

async function inDirectory(act: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'courier-demo-'))
  chmodSync(directory, 0o755)
  try {
    await act(directory)
  } finally {
    rmSync(directory, {recursive: true})
  }
}

demo.when(hasCurl, 'curl is not installed')(
  'the printed curl lines list folders and fetch a message, over STARTTLS and over TLS',
  async () => {
    await inDirectory(async (directory) => {
      const [port, tlsPort] = await freePorts(2)
      const args = ['serve', '--demo', '--demo-dir', join(directory, 'demo'), '--port', String(port), '--tls-port', String(tlsPort)]
      await using server = startCourier(args, {cwd: directory})
      assert.ok(await server.until('Ctrl-C ends'), server.errors())
      const lines = server
        .output()
        .split('\n')
        .filter((line) => line.startsWith('  curl '))
      assert.is(lines.length, 4)
      for (const line of lines) {
        const shown = execFileSync('/bin/sh', ['-c', line.replace('curl ', 'curl -sS --max-time 10 ')], {encoding: 'utf8'})
        assert.match(shown, line.includes('MAILINDEX') ? /^Subject: Welcome to your demo mailbox\r?$/m : /"INBOX\.Lists\.maildir-users"/)
      }
      for (const word of ['mutt -n', 'IMAPAccount demo', 'Thunderbird', 'john@example.com']) assert.ok(server.output().includes(word), word)
      if (isRoot) {
        assert.match(server.output(), /served as user nobody/)
        assert.is.not(statSync(join(directory, 'demo', 'home', 'jane@example.com', 'Maildir', 'cur')).uid, 0)
      }

      const second = startCourier(args, {cwd: directory})
      assert.is(await second.ended(), 1)
      assert.match(
        second.errors(),
        /^Error: A demo runs in .*demo already\. End it with Ctrl-C .* or choose another folder with --demo-dir$/m,
      )

      server.child.kill('SIGINT')
      assert.is(await server.ended(), 0)
      assert.match(
        server.errors(),
        /INFO: LOGIN, user=jane@example\.com, ip=\[::ffff:127\.0\.0\.1\], port=\[\d+\], protocol=IMAP, starttls=1/,
      )

      const password = readFileSync(join(directory, 'demo', 'passwords.txt'), 'utf8')
      const began = Date.now()
      await using again = startCourier(args, {cwd: directory})
      assert.ok(await again.until('Ctrl-C ends'), again.errors())
      assert.ok(Date.now() - began < 15_000)
      assert.ok(again.output().includes(password.split(/\s/)[1] ?? 'nothing'))
      again.child.kill('SIGTERM')
      assert.is(await again.ended(), 0)
      assert.equal(readdirSync(directory), ['demo'], 'nothing else is left')
    })
  },
)

demo('a port in use is said, with a way out', async () => {
  await inDirectory(async (directory) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = address && typeof address === 'object' ? address.port : 0
    const [tlsPort] = await freePorts(1)
    const server = startCourier([
      'serve',
      '--demo',
      '--demo-dir',
      join(directory, 'demo'),
      '--port',
      String(port),
      '--tls-port',
      String(tlsPort),
    ])
    assert.is(await server.ended(), 1)
    assert.match(
      server.errors(),
      new RegExp(`^Error: Port ${port} is in use \\(127\\.0\\.0\\.1:${port}\\): .*--port 3143 --tls-port 3993$`, 'm'),
    )
    other.close()
  })
})

demo.when(!isRoot || othersCanReach(process.cwd()), 'the program is not readable for other users than root')(
  'a folder without write permission is said, with a way out',
  async () => {
    await inDirectory(async (directory) => {
      chmodSync(directory, 0o555)
      const nobody = isRoot ? {uid: 65_534, gid: 65_534} : {}
      const server = startCourier(['serve', '--demo', '--demo-dir', join(directory, 'demo')], {cwd: directory, ...nobody})
      assert.is(await server.ended(), 1)
      assert.match(server.errors(), /^Error: No permission to make the demo in .*--demo-dir \/tmp\/courier-demo$/m)
      assert.is(server.output(), '')
      chmodSync(directory, 0o755)
    })
  },
)

demo('a folder with other things in it is left alone', async () => {
  await inDirectory(async (directory) => {
    const folder = join(directory, 'demo')
    mkdirSync(folder)
    writeFileSync(join(folder, 'thesis.txt'), 'years of work')
    const server = startCourier(['serve', '--demo', '--demo-dir', folder], {cwd: directory})
    assert.is(await server.ended(), 1)
    assert.match(server.errors(), /^Error: .*demo is not empty and holds no demo/m)
    assert.equal(readdirSync(folder), ['thesis.txt'])
  })
})

demo.when(isRoot, 'needs root')('as root, a folder that nobody else can reach is refused when it was asked for', async () => {
  await inDirectory(async (directory) => {
    chmodSync(directory, 0o700)
    const server = startCourier(['serve', '--demo', '--demo-dir', join(directory, 'demo')], {cwd: '/'})
    assert.is(await server.ended(), 1)
    assert.match(server.errors(), /^Error: The user "nobody" cannot reach .*: a folder above it is private/m)
  })
})

for (const [args, text] of [
  [['serve', 'pop3'], /^Error: There is no service "pop3"; there are: imap, imaps$/m],
  [['serve', '--demo', '--port', '99999'], /^Error: --port 99999: Invalid port: 99999$/m],
  [
    ['serve', '--demo', '--user', 'no such user'],
    isRoot ? /^Error: "no such user" is no user name$/m : /^Error: Only root can serve as another user/m,
  ],
] as const) {
  demo(`courier ${args.join(' ')} is refused`, async () => {
    const server = startCourier(args)
    assert.is(await server.ended(), 1)
    assert.match(server.errors(), text)
  })
}

demo('values are put into a template in place of the set ones, and quoted', () => {
  assert.is(withValues('# A=1\nA=2\nB=3\n', {A: "x'y $z"}), "# A=1\nA='x'\\''y $z'\nB=3\n")
  assert.throws(() => withValues('# A=1\n', {A: '2'}), /does not set "A"/)
})

demo.run()
