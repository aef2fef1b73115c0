import {type ChildProcess, fork} from 'node:child_process'
import {once} from 'node:events'
import {fileURLToPath} from 'node:url'
import {ImapClient} from './imap-client.js'
import type {Question, Told} from './mail-server-process.js'
import {TemporaryMaildir} from './store.js'

type Field<Key extends string> = Extract<Told, Readonly<Record<Key, unknown>>>

/** A temporary Maildir with a server for it in another process, so that a client under test does not share our loop. */
export class ServedMaildir implements AsyncDisposable {
  readonly maildir: TemporaryMaildir
  readonly port: number
  /** With TLS from the first octet. */
  readonly tlsPort: number
  readonly certificatePem: string
  readonly #server: ChildProcess

  private constructor(maildir: TemporaryMaildir, server: ChildProcess, {ports, certificatePem}: Field<'ports'>) {
    this.maildir = maildir
    this.#server = server
    this.port = ports.imap
    this.tlsPort = ports.imaps
    this.certificatePem = certificatePem
  }

  static async start(maildir: TemporaryMaildir = new TemporaryMaildir()): Promise<ServedMaildir> {
    const path = fileURLToPath(new URL('./mail-server-process.js', import.meta.url))
    const server = fork(path, [maildir.path], {
      execArgv: ['--expose-gc', '--enable-source-maps'],
      // It is killed in the end: what it has put there, its index, goes with the Maildir.
      env: {...process.env, TMPDIR: maildir.home},
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    return new ServedMaildir(maildir, server, await told<Field<'ports'>>(server))
  }

  /** A client that has logged in. */
  async client(): Promise<ImapClient> {
    const client = await ImapClient.connect(this.port)
    await client.ok('LOGIN tester pass')
    return client
  }

  async #ask<Reply extends Told>(question: Question): Promise<Reply> {
    const reply = told<Reply>(this.#server)
    this.#server.send(question)
    return reply
  }

  /** Octets in use by the server after a garbage collection: heap and Buffers. */
  async memory(): Promise<number> {
    const {memory} = await this.#ask<Field<'memory'>>('memory')
    return memory.heapUsed + memory.arrayBuffers
  }

  /** All that the process has from the system, octets, after a garbage collection and once freed memory is given back. */
  async residentMemory(): Promise<number> {
    return (await this.#ask<Field<'memory'>>('memory')).memory.rss
  }

  /** What the server has logged. */
  async log(): Promise<readonly string[]> {
    return (await this.#ask<Field<'log'>>('log')).log
  }

  async connections(): Promise<number> {
    return (await this.#ask<Field<'connections'>>('connections')).connections
  }

  /** The server lives, and logged no bug. Ends what the test is about with a clear message. */
  async [Symbol.asyncDispose](): Promise<void> {
    const bugs = this.#server.connected ? (await this.log()).filter((line) => /bug|connection-failed/.test(line)) : ['The server has died']
    const isOver = this.#server.exitCode !== null || this.#server.signalCode !== null
    const ended = isOver ? undefined : once(this.#server, 'exit')
    this.#server.kill('SIGKILL')
    await ended
    this.maildir[Symbol.dispose]()
    if (bugs.length > 0) throw new Error(bugs.join('\n'))
  }
}

function told<Reply extends Told>(server: ChildProcess): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('The server has died'))
    server.once('exit', onExit)
    server.once('message', (reply) => {
      server.off('exit', onExit)
      resolve(reply as Reply)
    })
  })
}
