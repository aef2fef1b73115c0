/** An IMAP server in this process with a control socket. */
import {join} from 'node:path'
import {askAll, type Question} from '../../src/services/control/client.js'
import {ControlServer} from '../../src/services/control/control-server.js'
import {CONTROL_REQUESTS} from '../../src/services/control/registry.js'
import type {AnyControlRequest, ControlledServer} from '../../src/services/control/request.js'
import {RoleInspector} from '../../src/services/control/role-inspector.js'
import {type ImapServer, type ImapServerOptions, imapServer} from './imap-server.js'
import {LogLines} from './store.js'
import {temporaryDirectory} from './temporary-directory.js'

export interface ControlledImap extends AsyncDisposable {
  readonly imap: ImapServer
  readonly inspector: RoleInspector
  readonly control: ControlServer
  /** Directory of the socket. */
  readonly run: string
  ask<Item>(question: Question): Promise<Item[]>
}

export interface ControlledImapOptions extends ImapServerOptions {
  readonly server?: Partial<ControlledServer>
  readonly requests?: readonly AnyControlRequest[]
}

export async function controlledImap({
  server,
  requests = CONTROL_REQUESTS,
  ...options
}: ControlledImapOptions = {}): Promise<ControlledImap> {
  const directory = temporaryDirectory()
  const run = join(directory.path, 'run')
  const inspector = new RoleInspector({role: 'server', log: new LogLines(), pid: 4711, now: Date.now})
  const imap = await imapServer({...options, connection: {log: inspector.log, book: inspector.book, ...options.connection}})
  const control = new ControlServer({
    path: join(run, 'control'),
    requests,
    log: inspector.log,
    server: {
      version: '1.2.3',
      pid: 4711,
      services: () => [{name: 'imap', endpoints: ['127.0.0.1:143'], maxConnections: 40, maxPerAddress: 20}],
      inspect: inspector,
      watch: (watcher) => inspector.watch(watcher),
      reload: async () => {},
      stop: () => {},
      ...server,
    },
  })
  await control.open()
  return {
    imap,
    inspector,
    control,
    run,
    ask: (question) => askAll(question, {run}),
    async [Symbol.asyncDispose]() {
      await control.stop()
      await imap[Symbol.asyncDispose]()
      inspector.close()
      directory[Symbol.dispose]()
    },
  }
}
