/** Makes the folder of a demo: configuration, certificate, accounts and mail. Whole or not at all. */
import {randomBytes} from 'node:crypto'
import {lchown, mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile} from 'node:fs/promises'
import {basename, dirname, join} from 'node:path'
import {shaCrypt} from '../../auth/hash/sha-crypt.js'
import {loadTryLock} from '../../auth/native.js'
import {formatLine} from '../../auth/userdb/line.js'
import {makeUserdb} from '../../auth/userdb/make.js'
import {formatFields} from '../../auth/userdb/record.js'
import {makeSelfSigned} from '../../tls/self-signed.js'
import {JANES_LETTERS, JOHNS_LETTERS, type Letter} from './demo-letters.js'
import {type DemoPaths, demoPaths} from './demo-paths.js'
import {writeLetter} from './write-letter.js'

export interface DemoOwner {
  readonly uid: number
  readonly gid: number
}

export interface MakeDemoOptions {
  /** Does not exist yet, or is empty. */
  readonly folder: string
  /** Directory with the files of `templates/`. */
  readonly templates: string
  /** Who serves the demo. */
  readonly owner: DemoOwner
  readonly now: Date
}

const LETTERS: readonly (readonly [name: string, letters: readonly Letter[]])[] = [
  ['jane@example.com', JANES_LETTERS],
  ['john@example.com', JOHNS_LETTERS],
]
const HOUR_MS = 3_600_000
const CERTIFICATE_DAYS = 3_650

/** Puts values into a configuration file, in place of the ones that are set there. @throws {Error} when one is not set */
export function withValues(template: string, values: Readonly<Record<string, string>>): string {
  let text = template
  for (const [name, value] of Object.entries(values)) {
    const line = new RegExp(`^${name}=.*$`, 'm')
    if (!line.test(text)) throw new Error(`The template does not set "${name}"`)
    text = text.replace(line, () => `${name}='${value.replaceAll("'", `'\\''`)}'`)
  }
  return text
}

async function writeConfiguration(
  paths: DemoPaths,
  {templates, final}: {readonly templates: string; readonly final: DemoPaths},
): Promise<void> {
  await mkdir(paths.configuration, {mode: 0o700})
  const files: Record<string, Record<string, string>> = {
    imapd: {
      ADDRESS: '127.0.0.1',
      PORT: '2143',
      PIDFILE: join(final.folder, 'imapd.pid'),
      IMAPACCESSFILE: join(final.configuration, 'imapaccess'),
      IMAP_SHAREDINDEXFILE: join(final.configuration, 'shared', 'index'),
    },
    'imapd-ssl': {
      SSLADDRESS: '127.0.0.1',
      SSLPORT: '2993',
      SSLPIDFILE: join(final.folder, 'imapd-ssl.pid'),
      TLS_CERTFILE: final.certificate,
      TLS_DHPARAMS: '',
      TLS_CACHEFILE: '',
    },
    authdaemonrc: {authdaemonvar: join(final.folder, 'authdaemon')},
  }
  for (const [name, values] of Object.entries(files)) {
    await writeFile(join(paths.configuration, name), withValues(await readFile(join(templates, name), 'utf8'), values))
  }
}

async function writeCertificate({certificate, publicCertificate}: DemoPaths, now: Date): Promise<void> {
  const {keyPem, certificatePem} = makeSelfSigned({names: ['localhost', '127.0.0.1', '::1'], days: CERTIFICATE_DAYS, now})
  await writeFile(certificate, keyPem + certificatePem, {mode: 0o600})
  await writeFile(publicCertificate, certificatePem)
}

/** Twelve letters and digits that are not mistaken for each other. */
function newPassword(): string {
  const characters = 'abcdefghijkmnpqrstuvwxyz23456789'
  return [...randomBytes(12)].map((octet) => characters[octet % characters.length]).join('')
}

async function writeAccounts(paths: DemoPaths, {owner, final}: {readonly owner: DemoOwner; readonly final: DemoPaths}): Promise<void> {
  const passwords = LETTERS.map(([name]): [name: string, password: string] => [name, newPassword()])
  const lines = passwords.map(([name, password]) => {
    const hash = shaCrypt(Buffer.from(password), `$6$${randomBytes(9).toString('hex').slice(0, 16)}$`)
    const fields = {
      uid: owner.uid,
      gid: owner.gid,
      home: final.home(name),
      systempw: hash,
      gecos: name.startsWith('jane') ? 'Jane Doe' : 'John Smith',
    }
    return formatLine(
      name,
      formatFields(Object.entries(fields).map(([field, value]) => ({name: field, value: Buffer.from(String(value)).toString('latin1')}))),
    )
  })
  await writeFile(paths.userdb, Buffer.from(`${lines.join('\n')}\n`, 'latin1'), {mode: 0o600})
  await makeUserdb({source: paths.userdb, generation: randomBytes(16).toString('hex'), tryLock: loadTryLock(), progress: () => undefined})
  await writeFile(paths.passwords, passwords.map((pair) => `${pair.join(' ')}\n`).join(''), {mode: 0o600})
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, {recursive: true, mode: 0o700})
  for (const part of ['tmp', 'new', 'cur']) await mkdir(join(path, part), {mode: 0o700})
}

async function writeMail(home: string, letters: readonly Letter[], now: Date): Promise<void> {
  const maildir = join(home, 'Maildir')
  const folders = [...new Set(letters.map(({folder}) => folder))]
  await mkdir(home, {recursive: true, mode: 0o700})
  for (const folder of ['', ...folders.filter((name) => name !== '')]) {
    await makeFolder(join(maildir, folder))
    if (folder) await writeFile(join(maildir, folder, 'maildirfolder'), '', {mode: 0o600})
  }
  const subscribed = folders.map((folder) => `INBOX${folder}\n`)
  await writeFile(join(maildir, 'courierimapsubscribed'), subscribed.join(''), {mode: 0o600})
  for (const [number, letter] of letters.entries()) {
    const time = new Date(now.getTime() - letter.ageHours * HOUR_MS)
    const octets = writeLetter(letter, {time, number})
    const base = `${Math.floor(time.getTime() / 1000)}.M${number}P1_${number}.demo,S=${octets.length}`
    const path = join(
      maildir,
      letter.folder,
      letter.flags === undefined ? 'new' : 'cur',
      letter.flags === undefined ? base : `${base}:2,${letter.flags}`,
    )
    await writeFile(path, octets, {mode: 0o600})
    await utimes(path, time, time)
  }
}

/** Gives a tree that nobody else could touch so far to its owner. */
async function giveAway(folder: string, {uid, gid}: DemoOwner): Promise<void> {
  if (process.geteuid?.() !== 0) return
  for (const name of await readdir(folder, {recursive: true})) await lchown(join(folder, name), uid, gid)
  await lchown(folder, uid, gid)
}

/** @throws {Error} of the system call that failed; nothing is left then */
export async function makeDemo({folder, templates, owner, now}: MakeDemoOptions): Promise<void> {
  const final = demoPaths(folder)
  await mkdir(dirname(folder), {recursive: true})
  const temporary = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`))
  try {
    const paths = demoPaths(temporary)
    await writeConfiguration(paths, {templates, final})
    await writeCertificate(paths, now)
    await writeAccounts(paths, {owner, final})
    for (const [name, letters] of LETTERS) await writeMail(paths.home(name), letters, now)
    await writeFile(paths.lock, '', {mode: 0o600})
    await giveAway(temporary, owner)
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, {recursive: true, force: true})
    throw error
  }
}
