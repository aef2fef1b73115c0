/** The mail of the accounts: made once, then given to each server. */
import {execFileSync} from 'node:child_process'
import {chownSync, existsSync, mkdirSync, renameSync, rmSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fillFolder, largeMessage, writeMessage} from './corpus.js'
import {IDLE_ACCOUNTS, type Server} from './servers/server.js'

/** Who owns the mail. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface MailOptions {
  /** A directory for corpora; the same one can be used by the next run. */
  readonly corpora: string
  readonly owner: Owner
  /** Messages of the account `main`. */
  readonly messages: number
}

/** Accounts with their messages, beside `main`. */
const SIZES: Readonly<Record<string, number>> = {
  appends: 0,
  logins: 100,
  deliveries: 0,
  small: 1_000,
  large: 100_000,
  busy: 50_000,
  mixed: 5_000,
  storm: 2_000,
}

const own = (path: string, {uid, gid}: Owner) => {
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${uid}:${gid}`, path])
}

/** A folder with that many messages of the corpus, made when it is missing. */
function corpusOf(count: number, {corpora}: MailOptions): string {
  const path = join(corpora, String(count))
  if (existsSync(path)) return path
  rmSync(`${path}.part`, {recursive: true, force: true})
  fillFolder(`${path}.part`, count)
  renameSync(`${path}.part`, path)
  return path
}

/** Files are links to the corpus: each server has its own directory entries, all read the same pages. */
function copyFolder(from: string, to: string): void {
  mkdirSync(dirname(to), {recursive: true})
  execFileSync('cp', ['-al', from, to])
}

/** `idle1` … have one message of 1 MB each. */
function makeIdleMail(server: Server, options: MailOptions): void {
  const large = join(options.corpora, 'large-message')
  if (!existsSync(large)) writeMessage(large, largeMessage())
  for (let number = 1; number <= IDLE_ACCOUNTS; number += 1) {
    const maildir = server.maildir(`idle${number}`)
    fillFolder(maildir, 0)
    execFileSync('ln', [large, join(maildir, 'cur', '1704067200.M1P1_0.bench:2,S')])
  }
  own(dirname(dirname(server.maildir('idle1'))), options.owner)
}

/** Gives a server the mail of these accounts. */
export function makeMail(server: Server, accounts: ReadonlySet<string>, options: MailOptions): void {
  for (const account of accounts) {
    if (account === 'idle') {
      makeIdleMail(server, options)
      continue
    }
    const maildir = server.maildir(account)
    if (existsSync(maildir)) continue
    copyFolder(corpusOf(account === 'main' ? options.messages : (SIZES[account] ?? 0), options), maildir)
    if (account === 'main') fillFolder(join(maildir, '.copies'), 0)
    own(dirname(maildir), options.owner)
    chownSync(dirname(dirname(maildir)), options.owner.uid, options.owner.gid)
  }
}

/**
 * Puts a copy in the place of a Maildir: its directories are others, so what a server knows of them is of no use. The one before
 * stays for a while, so that the copy does not get its inode numbers.
 */
export function makeCold(server: Server, account: string): void {
  const maildir = server.maildir(account)
  execFileSync('cp', ['-al', maildir, `${maildir}.cold`])
  rmSync(`${maildir}.old`, {recursive: true, force: true})
  renameSync(maildir, `${maildir}.old`)
  renameSync(`${maildir}.cold`, maildir)
  server.dropIndex(maildir)
}
