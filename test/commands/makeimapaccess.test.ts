import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs'
import {connect} from 'node:net'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {makeimapaccessTool} from '../../src/services/makeimapaccess-tool.js'
import {readGdbm} from '../../src/support/gdbm-reader.js'
import {isInstalled, runProgram} from '../support/run-program.js'
import {freePorts} from '../support/server-process.js'
import {suite} from '../support/suite.js'
import {temporaryDirectory} from '../support/temporary-directory.js'
import {runTool} from './support/run-tool.js'

const makeimapaccess = suite('makeimapaccess')

const SILENT = {code: 0, out: '', err: ''}

function configuration(directory: string): string {
  writeFileSync(join(directory, 'imapd'), `IMAPACCESSFILE=${directory}/imapaccess\n`)
  writeFileSync(join(directory, 'imapd-ssl'), '')
  return directory
}

async function records(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for await (const [key, value] of readGdbm(path)) found[key] = value
  return found
}

makeimapaccess('compiles text, 0644, and says nothing', async () => {
  using directory = temporaryDirectory()
  const config = configuration(directory.path)
  const source = join(config, 'imapaccess')
  writeFileSync(source, '192.168.0\tdeny\n10.0.0.0/23 allow,X=1\n*\tallow')
  assert.equal(await runTool(makeimapaccessTool, {args: [], config}), SILENT)
  assert.equal(await records(`${source}.dat`), {'192.168.0': 'deny', '10.0.0': 'allow,X=1', '10.0.1': 'allow,X=1', '*': 'allow'})
  assert.is(statSync(`${source}.dat`).mode & 0o777, 0o644)
  assert.not(existsSync(`${source}.tmp`))
})

makeimapaccess('a mistake leaves the old file, and nothing else (example 8)', async () => {
  using directory = temporaryDirectory()
  const config = configuration(directory.path)
  const source = join(config, 'imapaccess')
  writeFileSync(source, '1\tdeny\n')
  await runTool(makeimapaccessTool, {args: ['--config', config]})
  const before = readFileSync(`${source}.dat`)
  writeFileSync(source, '1.2.3\tx\n1.2.3\ty\n')
  assert.equal(await runTool(makeimapaccessTool, {args: [], config}), {
    code: 1,
    out: '',
    err: 'Cannot store record for 1.2.3 - duplicate or out of disk space.\n',
  })
  assert.equal(readFileSync(`${source}.dat`), before)
  assert.not(existsSync(`${source}.tmp`))
})

makeimapaccess('an empty directory makes an empty file (example 12), no IMAPACCESSFILE is an error', async () => {
  using directory = temporaryDirectory()
  const config = configuration(directory.path)
  mkdirSync(join(config, 'imapaccess'))
  assert.equal(await runTool(makeimapaccessTool, {args: [], config}), SILENT)
  assert.equal(await records(join(config, 'imapaccess.dat')), {})
  writeFileSync(join(config, 'imapd'), '')
  const {code, err} = await runTool(makeimapaccessTool, {args: [], config})
  assert.is(code, 1)
  assert.match(err, /No IMAPACCESSFILE specified/)
})

const MAKEDAT = '/usr/bin/makedat'
makeimapaccess.when(isInstalled(MAKEDAT), 'makedat is not installed')('its records are those of makedat', async () => {
  using directory = temporaryDirectory()
  const config = configuration(directory.path)
  const source = join(config, 'imapaccess')
  writeFileSync(
    source,
    '# rules\n192.168.0\tdeny\n192.168.0.10\tallow\n\n10.1\tallow,A="x,y"\nno tab\nempty\t\n:2001:0db8\tdeny\n.\nafter\tdeny\n',
  )
  assert.equal(await runTool(makeimapaccessTool, {args: [], config}), SILENT)
  const theirs = join(directory.path, 'theirs.dat')
  const {code} = await runProgram(MAKEDAT, [`-src=${source}`, `-file=${theirs}`, `-tmp=${theirs}.tmp`])
  assert.is(code, 0)
  assert.equal(await records(`${source}.dat`), await records(theirs))
})

const TCPD = '/usr/sbin/couriertcpd'
makeimapaccess.when(isInstalled(TCPD), 'couriertcpd is not installed')('real Courier obeys it', async () => {
  using directory = temporaryDirectory()
  const config = configuration(directory.path)
  writeFileSync(join(config, 'imapaccess'), '*\tdeny\n127.0.0\tallow,WHO=near\n127.0.0.7\tdeny\n')
  assert.equal(await runTool(makeimapaccessTool, {args: [], config}), SILENT)
  const [port = 0] = await freePorts(1)
  const args = [`-access=${config}/imapaccess.dat`, '-address=127.0.0.1', '-nodnslookup', String(port), '/bin/sh', '-c', 'echo hello $WHO']
  const daemon = spawn(TCPD, args, {stdio: 'ignore'})
  const said = async (localAddress: string) => {
    const socket = connect({port, host: '127.0.0.1', localAddress})
    let text = ''
    socket
      .on('error', () => undefined)
      .on('data', (chunk) => {
        text += String(chunk)
      })
    await once(socket, 'close').catch(() => undefined)
    return text
  }
  try {
    for (let tries = 0; tries < 200 && (await said('127.0.0.1')) === ''; tries += 1) await delay(10)
    assert.is(await said('127.0.0.1'), 'hello near\n')
    assert.is(await said('127.0.0.7'), '')
    assert.is(await said('127.0.1.1'), '')
  } finally {
    const ended = once(daemon, 'exit')
    daemon.kill('SIGKILL')
    await ended
  }
})

makeimapaccess.run()
