import {once} from 'node:events'
import {mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync} from 'node:fs'
import {createServer, type Socket} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {type ConnectionOptions, connect, type PeerCertificate} from 'node:tls'
import * as assert from 'uvu/assert'
import {readPriority} from '../../src/tls/gnutls-priority.js'
import {LiveAcceptor} from '../../src/tls/live-acceptor.js'
import type {TlsFiles} from '../../src/tls/load-material.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {TlsAcceptor} from '../../src/tls/tls-acceptor.js'
import type {TlsMaterial} from '../../src/tls/tls-material.js'
import {TlsMaterialSource} from '../../src/tls/tls-material-source.js'
import {suite} from '../support/suite.js'

const material = suite('TLS material', {limitMs: 30_000})

/** A certificate, told from others by its name. */
function made(name: string): {readonly keyPem: string; readonly certificatePem: string; readonly both: string} {
  const {keyPem, certificatePem} = makeSelfSigned({names: [name], days: 2, now: new Date()})
  return {keyPem, certificatePem, both: keyPem + certificatePem}
}

const [plain, renewed, other, address] = [made('plain.example'), made('renewed.example'), made('a.example'), made('address.example')]

class Served implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'courier-material-'))
  readonly problems: string[] = []
  source!: TlsMaterialSource
  port = 0
  ticketKeys = Buffer.alloc(48, 1).toString('base64')
  /** Shown to the acceptor as our own address. */
  localIp = '::ffff:192.0.2.1'
  readonly #server = createServer((socket) => void this.#accept(socket))
  #live!: LiveAcceptor

  static async open(files: Record<string, string>, options: Partial<Pick<TlsFiles, 'certificate' | 'key'>> = {}): Promise<Served> {
    const served = new Served()
    for (const [name, text] of Object.entries(files)) served.put(name, text)
    const {minVersion, maxVersion, ciphers, groups} = readPriority('')
    served.source = await TlsMaterialSource.open({
      files: {
        certificate: served.path('imapd.pem'),
        key: options.key === undefined ? undefined : served.path(options.key),
        trust: undefined,
        dhParameters: undefined,
        minDhBits: 2048,
        ...(options.certificate === undefined ? {} : {certificate: options.certificate}),
      },
      parameters: {minVersion, maxVersion, ciphers, groups, verifyPeer: 'none', alpn: [], sessionSeconds: 300},
      ticketKeys: () => served.ticketKeys,
      onProblem: (reason) => served.problems.push(reason),
      patienceMs: 30,
    })
    served.#live = new LiveAcceptor(served.source)
    served.#server.listen(0, '127.0.0.1')
    await once(served.#server, 'listening')
    served.port = (served.#server.address() as {port: number}).port
    return served
  }

  async #accept(socket: Socket): Promise<void> {
    socket.on('error', () => socket.destroy())
    try {
      const secure = await (await this.#live.acceptor()).accept(socket, {local: {ip: this.localIp}, handshakeMs: 5_000})
      secure.on('error', () => secure.destroy())
      secure.resume()
    } catch {
      // The client sees it.
    }
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  put(name: string, text: string): void {
    writeFileSync(this.path(name), text)
  }

  /** As a careful program replaces a file. */
  replace(name: string, text: string): void {
    this.put(`.new-${name}`, text)
    renameSync(this.path(`.new-${name}`), this.path(name))
  }

  /** The name in the certificate that a client is shown. */
  async shown(options: ConnectionOptions = {}): Promise<string> {
    const socket = connect({host: '127.0.0.1', port: this.port, rejectUnauthorized: false, ...options})
    try {
      await once(socket, 'secureConnect')
      return (socket.getPeerCertificate() as PeerCertificate).subject.CN as string
    } finally {
      socket.destroy()
    }
  }

  /** A session that may be resumed. */
  async session(): Promise<Buffer> {
    const socket = connect({host: '127.0.0.1', port: this.port, rejectUnauthorized: false})
    const [session] = (await once(socket, 'session')) as [Buffer]
    socket.destroy()
    return session
  }

  async resumes(session: Buffer): Promise<boolean> {
    const socket = connect({host: '127.0.0.1', port: this.port, rejectUnauthorized: false, session})
    await once(socket, 'secureConnect')
    const reused = socket.isSessionReused()
    socket.destroy()
    return reused
  }

  /** Waits until a client is shown this one. */
  async until(name: string): Promise<void> {
    for (let tries = 0; tries < 400; tries += 1) {
      if ((await this.shown()) === name) return
      await delay(10)
    }
    throw new Error(`${name} was not shown`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.source.close()
    this.#server.close()
    rmSync(this.directory, {recursive: true})
  }
}

material('it is plain data that can be sent to another process', async () => {
  await using served = await Served.open({'imapd.pem': plain.both})
  const {material} = served.source
  assert.equal(structuredClone(material), material)
  const sent = JSON.parse(JSON.stringify(material)) as TlsMaterial
  assert.is(JSON.stringify(sent), JSON.stringify(material))
  assert.ok(new TlsAcceptor(sent))
})

material('the certificate is chosen by server name, then by our address, then the plain one (example 40)', async () => {
  await using served = await Served.open({'imapd.pem': plain.both, 'imapd.pem.a.example': other.both, 'imapd.pem.192.0.2.10': address.both})
  for (const [servername, localIp, expected] of [
    ['a.example', '::ffff:192.0.2.1', 'a.example'],
    ['A.EXAMPLE', '::ffff:192.0.2.1', 'a.example'],
    ['www.a.example', '::ffff:192.0.2.10', 'a.example'],
    ['b.example', '::ffff:192.0.2.10', 'address.example'],
    ['b.example', '::ffff:192.0.2.1', 'plain.example'],
    [undefined, '::ffff:192.0.2.10', 'address.example'],
    [undefined, '::ffff:192.0.2.1', 'plain.example'],
    [undefined, '2001:db8::1', 'plain.example'],
  ] as const) {
    served.localIp = localIp
    assert.is(await served.shown(servername === undefined ? {} : {servername}), expected, `${servername} at ${localIp}`)
  }
})

material('odd server names select nothing', async () => {
  await using served = await Served.open({'imapd.pem': plain.both, 'imapd.pem.a.example': other.both, 'imapd.pem.x....y': address.both})
  for (const servername of ['..', '.a.example', 'a..example', '/', 'a.example.'.padStart(200, 'a.')]) {
    const name = await served.shown({servername}).catch(() => 'refused')
    assert.ok(['plain.example', 'refused', ...(servername.length > 20 ? ['a.example'] : [])].includes(name), `${servername}: ${name}`)
  }
  assert.is(await served.shown(), 'plain.example')
})

material('a name has a certificate although the plain file is missing', async () => {
  await using served = await Served.open({'imapd.pem.a.example': other.both})
  assert.is(await served.shown({servername: 'a.example'}), 'a.example')
  await rejects(() => served.shown({servername: 'b.example'}))
  assert.match(served.source.warnings[0] ?? '', /imapd\.pem: There is no such certificate file/)
})

material('a file for a new name is live, and gone when it is removed', async () => {
  await using served = await Served.open({'imapd.pem': plain.both})
  assert.is(await served.shown({servername: 'a.example'}), 'plain.example')
  // With all of its content: a part of it would be told as a problem.
  served.replace('imapd.pem.a.example', other.both)
  while ((await served.shown({servername: 'a.example'})) !== 'a.example') await delay(5)
  unlinkSync(served.path('imapd.pem.a.example'))
  while ((await served.shown({servername: 'a.example'})) !== 'plain.example') await delay(5)
  assert.equal(served.problems, [])
})

material('a renewed file is shown at once, a broken one leaves the old certificate and is told once (example 41)', async () => {
  await using served = await Served.open({'imapd.pem': plain.both})
  assert.is(await served.shown(), 'plain.example')
  served.put('imapd.pem', 'half a file')
  while (served.problems.length === 0) await delay(5)
  await served.source.look()
  await delay(60)
  assert.is(served.problems.length, 1)
  assert.match(served.problems[0] ?? '', /imapd\.pem: There is no certificate in the file/)
  assert.is(await served.shown(), 'plain.example')
  served.replace('imapd.pem', renewed.both)
  await served.until('renewed.example')
  unlinkSync(served.path('imapd.pem'))
  while (served.problems.length === 1) await delay(5)
  assert.is(await served.shown(), 'renewed.example')
  served.put('imapd.pem', plain.both)
  await served.until('plain.example')
})

for (const [first, second] of [
  ['imapd.pem', 'key.pem'],
  ['key.pem', 'imapd.pem'],
] as const) {
  material(`${first} is replaced before ${second}: nobody sees a mixture`, async () => {
    await using served = await Served.open({'imapd.pem': plain.certificatePem, 'key.pem': plain.keyPem}, {key: 'key.pem'})
    const {source} = served
    const before = source.material
    const text = {'imapd.pem': renewed.certificatePem, 'key.pem': renewed.keyPem}
    served.replace(first, text[first])
    await source.look()
    assert.is(source.material, before)
    assert.is(await served.shown(), 'plain.example')
    served.replace(second, text[second])
    await served.until('renewed.example')
    await delay(60)
    assert.ok(served.problems.length <= 1, 'the mixture stood for a moment only')
  })
}

material('links are followed, as certbot makes them', async () => {
  const outside = mkdtempSync(join(tmpdir(), 'courier-live-'))
  try {
    for (const name of ['archive', 'live']) mkdirSync(join(outside, name))
    writeFileSync(join(outside, 'archive', '1.pem'), plain.both)
    writeFileSync(join(outside, 'archive', '2.pem'), renewed.both)
    symlinkSync('../archive/1.pem', join(outside, 'live', 'full.pem'))
    const link = join(outside, 'imapd.pem')
    symlinkSync(join(outside, 'live', 'full.pem'), link)
    await using served = await Served.open({}, {certificate: link})
    assert.is(await served.shown(), 'plain.example')
    symlinkSync('../archive/2.pem', join(outside, 'live', 'next'))
    renameSync(join(outside, 'live', 'next'), join(outside, 'live', 'full.pem'))
    await served.until('renewed.example')
  } finally {
    rmSync(outside, {recursive: true})
  }
})

material('sessions resume after the certificate was replaced', async () => {
  await using served = await Served.open({'imapd.pem': plain.both})
  const session = await served.session()
  served.replace('imapd.pem', renewed.both)
  await served.until('renewed.example')
  assert.ok(await served.resumes(session))
})

material('a certificate replaced again and again fails no handshake', async () => {
  await using served = await Served.open({'imapd.pem': plain.both})
  let over = false
  const replacing = (async () => {
    for (let round = 0; round < 20; round += 1) {
      served.replace('imapd.pem', round % 2 ? plain.both : renewed.both)
      await delay(15)
    }
    over = true
  })()
  const seen = new Map<string, number>()
  const clients = Array.from({length: 4}, async () => {
    while (!over) {
      const name = await served.shown()
      seen.set(name, (seen.get(name) ?? 0) + 1)
    }
  })
  await Promise.all([replacing, ...clients])
  assert.equal([...seen.keys()].sort(), ['plain.example', 'renewed.example'])
  assert.equal(served.problems, [])
})

material('other ticket keys count at the next look: older sessions get a whole handshake, new ones resume', async () => {
  await using served = await Served.open({'imapd.pem': plain.both})
  const first = await served.session()
  assert.ok(await served.resumes(first))
  served.ticketKeys = Buffer.alloc(48, 2).toString('base64')
  await served.source.look()
  assert.not.ok(await served.resumes(first))
  assert.ok(await served.resumes(await served.session()))
})

material('authorities come from a file or from all files of a directory; rubbish keeps the old ones', async () => {
  await using served = await Served.open({'imapd.pem': plain.both})
  mkdirSync(served.path('ca'))
  writeFileSync(served.path('ca/one.pem'), `text\n${plain.certificatePem}`)
  writeFileSync(served.path('ca/two.pem'), other.certificatePem)
  writeFileSync(served.path('ca/.hidden'), renewed.certificatePem)
  const options = {
    parameters: {...served.source.material.parameters, verifyPeer: 'require-peer'},
    ticketKeys: () => '',
    onProblem: () => undefined,
  } as const
  const files = {certificate: served.path('imapd.pem'), key: undefined, dhParameters: undefined, minDhBits: 2048}
  const source = await TlsMaterialSource.open({...options, files: {...files, trust: served.path('ca')}})
  assert.is(source.material.trust?.match(/BEGIN CERTIFICATE/g)?.length, 2)
  source.close()
  served.put('ca.pem', other.certificatePem)
  const single = await TlsMaterialSource.open({...options, files: {...files, trust: served.path('ca.pem')}})
  served.put('ca.pem', 'rubbish')
  await single.look()
  assert.match(single.material.trust ?? '', /BEGIN CERTIFICATE/)
  single.close()
  await rejects(() => TlsMaterialSource.open({...options, files: {...files, trust: served.path('ca.pem')}}), /There is no certificate in/)
})

material('DH parameters: a small prime is left out with a line, a missing file is none', async () => {
  const small = `-----BEGIN DH PARAMETERS-----
MIGHAoGBANAXrKkQ+NFmmwkYwGxSy7ZIvhUiqpzfyVeFlpwJ+VRlBxSMaBGmQzFB
FPJGOaDx+aa1rFL7+TiDdAJ4WBDzZkTbvZNHfOMIWPoBR0xWpaFGiz2ZUAOJTKdb
-----END DH PARAMETERS-----
`
  await using served = await Served.open({'imapd.pem': plain.both, 'dh.pem': small})
  const {parameters} = served.source.material
  for (const [name, warning] of [
    ['dh.pem', /TLS_DHPARAMS: .*dh\.pem/],
    ['none.pem', undefined],
  ] as const) {
    const source = await TlsMaterialSource.open({
      files: {certificate: served.path('imapd.pem'), key: undefined, trust: undefined, dhParameters: served.path(name), minDhBits: 2048},
      parameters,
      ticketKeys: () => '',
      onProblem: () => undefined,
    })
    assert.is(source.material.dhParameters, undefined)
    if (warning) assert.match(source.warnings[0] ?? '', warning)
    else assert.equal(source.warnings, [])
    source.close()
  }
})

async function rejects(act: () => Promise<unknown>, text = /./): Promise<void> {
  try {
    await act()
  } catch (error) {
    assert.match(String(error), text)
    return
  }
  assert.unreachable('no failure')
}

material.run()
