/**
 * Our IMAP server as a process of its own: `node mail-server-process.js MAILDIR`, forked with a channel.
 *
 * Serves one account on two free ports of 127.0.0.1, with STARTTLS and with TLS from the first octet. Any name logs in with
 * the password `pass`. Tells its ports first, then answers questions.
 */
import {userInfo} from 'node:os'
import type {Account} from '../../src/auth/account.js'
import {DEFAULT_IMAP_SETTINGS} from '../../src/imap/settings.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {Listener} from '../../src/net/listener.js'
import {giveBackFreed} from '../../src/support/freed-memory.js'
import {makeSelfSigned} from '../../src/tls/self-signed.js'
import {Deadlines} from '../../src/wire/deadlines.js'
import {serveImap} from './serve-imap.js'
import {LogLines, storeEnvironment} from './store.js'
import {testAcceptor} from './tls-material.js'

/** What the test asks, and what it is told. */
export type Question = 'memory' | 'log' | 'connections'
export type Told =
  | {readonly ports: {readonly imap: number; readonly imaps: number}; readonly certificatePem: string}
  | {readonly memory: NodeJS.MemoryUsage}
  | {readonly log: readonly string[]}
  | {readonly connections: number}

const maildir = process.argv[2] ?? ''
const log = new LogLines()
const stores = new Mailstores(storeEnvironment({log}))
const deadlines = new Deadlines({tickMs: 50})
const {uid, gid} = userInfo()
const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost', '127.0.0.1'], days: 2, now: new Date()})
const acceptor = testAcceptor({keyPem, certificatePem})

function accountOf(name: string): Account {
  return {name, uid, gid, home: maildir, maildir, quota: undefined, fullName: undefined, options: new Map()}
}

async function open(implicitTls: boolean): Promise<Listener> {
  const listener = new Listener({
    endpoints: [{address: '127.0.0.1', port: 0}],
    implicitTls,
    policy: () => ({limits: {total: 2_000, perAddress: 2_000}, acceptor: async () => acceptor}),
    serve: ({socket, remote, tls, startTls, shutdown}) =>
      serveImap({
        stream: socket,
        remote,
        encrypted: tls,
        startTls,
        settings: {...DEFAULT_IMAP_SETTINGS, idFields: 0, failedLoginMs: 50},
        deadlines,
        log,
        authenticator: {
          begin: async () => ({kind: 'failed', reason: 'refused'}),
          check: async ({user, password}) => (password.reveal() === 'pass' ? {outcome: 'accepted', ticket: user} : {outcome: 'refused'}),
        },
        tickets: {redeem: async (ticket) => accountOf(ticket)},
        openStore: () => stores.open({maildir, quota: undefined}),
        shutdown,
      }),
    refusal: (reason) => `* BYE ${reason}\r\n`,
    log,
    now: Date.now,
  })
  await listener.open()
  return listener
}

const plain = await open(false)
const secure = await open(true)

/** The second collection waits for the first one's end: Buffers are freed by a thread that runs on when `gc` has answered. */
function collect(): void {
  globalThis.gc?.()
  globalThis.gc?.()
}

async function answer(question: Question): Promise<Told> {
  if (question === 'log') return {log: log.lines}
  if (question === 'connections') return {connections: plain.connections + secure.connections}
  // The lines are the test's own; they are looked at for bugs, which end a test.
  log.forget(/^(?!.*(bug|connection-failed))/)
  collect()
  await giveBackFreed()
  // Sessions went on meanwhile: what they have let go of since is not in use either.
  collect()
  return {memory: process.memoryUsage()}
}

// A parent that has ended reads no answers.
process.on('message', async (question: Question) => process.send?.(await answer(question), () => {}))
process.on('disconnect', () => process.exit(0))
process.send?.({ports: {imap: plain.endpoints[0]?.port ?? 0, imaps: secure.endpoints[0]?.port ?? 0}, certificatePem} satisfies Told)
