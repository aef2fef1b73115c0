/** Our IMAP server on standard input and output, logged in: `cd HOME && node imapd-process.js Maildir`, as the original's `imapd`. */

import {hostname, userInfo} from 'node:os'
import {resolve} from 'node:path'
import {Duplex} from 'node:stream'
import {DEFAULT_IMAP_SETTINGS} from '../../src/imap/settings.js'
import {Mailstores} from '../../src/maildir/mailstores.js'
import {Deadlines} from '../../src/wire/deadlines.js'
import {serveImap} from './serve-imap.js'
import {storeEnvironment} from './store.js'

const maildir = resolve(process.argv[2] ?? 'Maildir')
const {uid, gid, username} = userInfo()
const stores = new Mailstores(storeEnvironment({hostName: hostname(), isAlive}))

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const never = async () => {
  throw new Error('There is no login here')
}

await serveImap({
  stream: Duplex.from({readable: process.stdin, writable: process.stdout}),
  remote: {ip: '127.0.0.1', port: 0},
  encrypted: false,
  settings: DEFAULT_IMAP_SETTINGS,
  deadlines: new Deadlines(),
  log: {debug() {}, info() {}, notice() {}, warning: (...line) => console.error(...line), error: (...line) => console.error(...line)},
  authenticator: {check: never, begin: never},
  tickets: {redeem: never},
  openStore: () => stores.open({maildir, quota: undefined}),
  preauth: {name: username, uid, gid, home: process.cwd(), maildir, quota: undefined, fullName: undefined, options: new Map()},
})
process.exit(0)
