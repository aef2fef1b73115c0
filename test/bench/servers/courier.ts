/** Real Courier-IMAP with its own authdaemond, in a mount namespace with a configuration of the benchmark's. */
import {existsSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as pause} from 'node:timers/promises'
import {canMount, privateCourier} from '../../support/private-courier.js'
import {freePorts} from '../../support/server-process.js'
import {allExist, groupFor, homeIn, listening, type Server, type StartOptions, userdbText} from './server.js'

const TCPD = '/usr/sbin/couriertcpd'
const AUTHDAEMON = '/usr/lib/courier/courier-authlib/authdaemond'

const SETTINGS = {
  IMAP_CAPABILITY: 'IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE',
  IMAP_KEYWORDS: '1',
  IMAP_USELOCKS: '1',
  IMAP_ENHANCEDIDLE: '1',
  IMAP_EMPTYTRASH: 'Trash:7',
  PATH: '/usr/bin:/bin',
}
const AUTHDAEMONRC = 'authmodulelist="authuserdb"\ndaemons=5\nversion="authdaemond"\nDEBUG_LOGIN=0\nDEFAULTOPTIONS=""\n'

export const courierIsInstalled = () => allExist(TCPD, '/usr/sbin/makeuserdb', AUTHDAEMON) && canMount()

const environment = (settings: Readonly<Record<string, string>>) => Object.entries(settings).map(([name, value]) => `${name}=${value}`)

export async function startCourier(options: StartOptions): Promise<Server> {
  const base = join(options.directory, 'courier')
  mkdirSync(base, {recursive: true})
  const [port = 0] = await freePorts(1)
  const group = groupFor('courier')
  const courier = await privateCourier({userdb: userdbText(base, options), authdaemonrc: AUTHDAEMONRC})
  const made = await courier.program('/usr/sbin/makeuserdb', [])
  if (made.code !== 0) throw new Error(`makeuserdb: ${made.stderr}`)
  const run = (settings: Readonly<Record<string, string>>, command: readonly string[]) => {
    const quietly = ['sh', '-c', 'exec "$@" 2>/dev/null', 'sh', ...command]
    const [program = '', ...args] = group.inside(['env', '-i', ...environment(settings), ...quietly])
    return courier.start(program, args)
  }
  const daemon = run({PATH: '/usr/bin:/bin'}, [AUTHDAEMON])
  while (!existsSync(courier.socket)) await pause(20)
  const limits = ['-address=127.0.0.1', '-maxprocs=7000', '-maxperip=7000', '-nodnslookup', '-noidentlookup']
  const listener = run(SETTINGS, [TCPD, ...limits, String(port), '/usr/lib/courier/courier/imaplogin', '/usr/bin/imapd', 'Maildir'])
  await listening(port, listener)
  return {
    name: 'courier',
    port,
    tlsPort: 0,
    roots: [listener.pid ?? 0, daemon.pid ?? 0],
    group,
    dropIndex: () => {},
    settleMs: 150,
    maildir: (account) => join(homeIn(base)(account), 'Maildir'),
    async stop() {
      await courier[Symbol.asyncDispose]()
      group.remove()
    },
  }
}
