/** What the servers to compare have in common. All have the same accounts with the same password. */
import {type ChildProcess, spawn} from 'node:child_process'
import {existsSync} from 'node:fs'
import {connect} from 'node:net'
import {join} from 'node:path'
import {type ControlGroup, controlGroup} from '../control-group.js'
import type {Probe} from './probe-client.js'

export const SERVER_NAMES = ['ours', 'courier', 'dovecot'] as const
export type ServerName = (typeof SERVER_NAMES)[number]

/** What an APPEND is worth when the power goes, as each of them is by default. */
export const DURABILITY: Readonly<Record<ServerName, string>> = {
  ours: 'message, UID file and directories are synced before the OK',
  courier: 'nothing is synced',
  dovecot: 'message file synced (mail_fsync=optimized)',
}

export interface Server {
  readonly name: ServerName
  readonly port: number
  /** IMAP over TLS; 0: none. */
  readonly tlsPort: number
  /** Process ids whose trees are the server. */
  readonly roots: readonly number[]
  readonly group: ControlGroup
  /** Removes the files that it derives from the mail of a Maildir. */
  dropIndex(maildir: string): void
  /** How long after the last session it still works for it, milliseconds. */
  readonly settleMs: number
  /** Measures within the server; only ours has one. */
  readonly probe?: Probe
  /** Maildir of an account. */
  maildir(account: string): string
  /** Ends it and starts it again, with all that it keeps on disk. */
  restart?(): Promise<void>
  stop(): Promise<void>
}

export interface StartOptions {
  readonly directory: string
  readonly uid: number
  readonly gid: number
}

/** "pass", MD5-crypt: the one scheme that all of them know. */
export const PASSWORD_HASH = '$1$bench$aWWkD7FWPe8pd.Kjpnsgx0'

/** Accounts with mail of some size have names of their own, `idle1` … are for sessions that idle. */
export const IDLE_ACCOUNTS = 500
export const ACCOUNTS: readonly string[] = [
  ...['main', 'appends', 'logins', 'deliveries', 'small', 'large', 'busy', 'mixed', 'storm'],
  ...Array.from({length: IDLE_ACCOUNTS}, (_, at) => `idle${at + 1}`),
]

export const userOf = (account: string) => `${account}@example.com`

/** Home directory of an account of one server. */
export function homeIn(base: string): (account: string) => string {
  return (account) => join(base, 'home', account)
}

/** Courier's text of all accounts, which ours reads as well. */
export function userdbText(base: string, {uid, gid}: StartOptions): string {
  const home = homeIn(base)
  const line = (account: string) =>
    `${userOf(account)}\thome=${home(account)}|mail=${home(account)}/Maildir|uid=${uid}|gid=${gid}|systempw=${PASSWORD_HASH}\n`
  return ACCOUNTS.map(line).join('')
}

async function opens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Waits for a server to take connections. */
export async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`The server for port ${port} ended with ${child.exitCode}`)
    if (await opens(port)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`Nothing listens on port ${port}`)
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await closed
  clearTimeout(timer)
}

/** Starts a program within a control group. Its errors are shown when `BENCH_LOG` is set. */
export function start(group: ControlGroup, command: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const [program = '', ...args] = group.inside(command)
  return spawn(program, args, {stdio: ['ignore', 'ignore', process.env.BENCH_LOG ? 'inherit' : 'ignore'], env})
}

export const groupFor = (name: ServerName) => controlGroup(name)

export const allExist = (...paths: readonly string[]) => paths.every((path) => existsSync(path))
