/**
 * Examples that run against our server and, where they are the same, against real Courier's `imapd` too.
 *
 * The original runs when it is installed, once (in the run with the index); `COURIER_REFERENCE=1` makes it a failure
 * when it is not installed.
 */
import {type ChildProcess, spawn} from 'node:child_process'
import {once} from 'node:events'
import {existsSync} from 'node:fs'
import {Duplex} from 'node:stream'
import {DialogueClient} from './dialogue-client.js'
import {fillMaildir, type ImapServer, type ImapServerOptions, imapServer} from './imap-server.js'
import {TemporaryMaildir} from './store.js'
import type {Suite} from './suite.js'

const IMAPD = process.env.COURIER_IMAPD ?? '/usr/bin/imapd'
const ENVIRONMENT = {
  MAILDIR: 'Maildir',
  HOSTNAME: 'test.example',
  PATH: process.env.PATH,
  TZ: 'UTC',
  IMAP_KEYWORDS: '1',
  IMAP_ACL: '1',
  IMAP_CAPABILITY: 'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE',
}

export interface World extends ImapServerOptions {
  /** What says the same as `settings` to the original. */
  readonly env?: Readonly<Record<string, string>>
}

/** A session after its login, on ours or on the original. */
export interface Side {
  readonly imap: DialogueClient
  /** The Maildir. */
  readonly path: string
  /** One more session. */
  login(): Promise<DialogueClient>
}

export interface OurSide extends Side {
  readonly server: ImapServer
}

class Original implements Side, AsyncDisposable {
  readonly #maildir = new TemporaryMaildir()
  readonly #env: NodeJS.ProcessEnv
  readonly #children: ChildProcess[] = []
  readonly imap: DialogueClient

  constructor(world: World) {
    fillMaildir(this.#maildir, world)
    this.#env = {...ENVIRONMENT, ...world.env}
    this.imap = this.#start()
  }

  get path(): string {
    return this.#maildir.path
  }

  async login(): Promise<DialogueClient> {
    const client = this.#start()
    await client.transcript('S: * PREAUTH Ready.')
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      child.stdin?.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    }
    this.#maildir[Symbol.dispose]()
  }

  #start(): DialogueClient {
    const child = spawn(IMAPD, ['Maildir'], {cwd: this.#maildir.home, env: this.#env, stdio: ['pipe', 'pipe', 'ignore']})
    this.#children.push(child)
    return new DialogueClient(Duplex.from({readable: child.stdout, writable: child.stdin}))
  }
}

type Play<S> = string | ((side: S) => Promise<void>)

function play<S extends Side>(side: S, steps: Play<S>): Promise<void> {
  return typeof steps === 'string' ? side.imap.transcript(steps) : steps(side)
}

export interface Examples {
  /** Ours and the original's answers are the same. */
  same(title: string, world: World, steps: Play<Side>): void
  /** Ours differ: the steps say how, at the line. */
  differs(title: string, world: World, steps: Play<OurSide>): void
}

/** The two kinds of examples, as tests of a suite. */
export function examplesOf(suite: Suite): Examples {
  const differs: Examples['differs'] = (title, world, steps) =>
    suite(title, async () => {
      await using server = await imapServer(world)
      const imap = await server.login()
      await play({server, imap, path: server.maildir.path, login: () => server.login()}, steps)
    })
  const runsOriginal = process.env.COURIER_REFERENCE === '1' || existsSync(IMAPD)
  return {
    differs,
    same(title, world, steps) {
      differs(title, world, steps)
      if (process.env.COURIER_INDEX === 'off') return
      suite.when(runsOriginal, 'courier-imap is not installed')(`${title} (so does Courier)`, async () => {
        await using original = new Original(world)
        await original.imap.transcript('S: * PREAUTH Ready.')
        await play(original, steps)
      })
    },
  }
}
