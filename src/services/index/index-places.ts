/** Which Maildir a command line means, and where its index is. */
import {stat} from 'node:fs/promises'
import {homedir} from 'node:os'
import {join, resolve} from 'node:path'
import {authDirectory} from '../../config/config-directory.js'
import {defaultPlaces} from '../../config/places.js'
import {createLog} from '../../log/create-log.js'
import type {Log} from '../../log/log.js'
import {Fault} from '../../support/fault.js'
import {accountChain} from '../account-modules.js'
import {authSettingsOf} from '../account-source.js'
import {isRoot} from '../unprivileged-user.js'

export interface IndexCommand {
  /** Account name, or path of a Maildir. */
  readonly target: string | undefined
  readonly config: string | undefined
  readonly cache: string | undefined
  readonly env: NodeJS.ProcessEnv
}

/** Problems go to standard error, as a server's do. */
export function commandLog(): Log {
  return createLog({format: 'text', debug: false, write: (lines) => process.stderr.write(lines), now: () => new Date()})
}

export function cacheDirectory({cache, env}: Pick<IndexCommand, 'cache' | 'env'>): string {
  const wanted = cache ?? env.COURIER_CACHE
  return wanted?.startsWith('/') ? wanted : defaultPlaces({root: isRoot(), home: homedir(), env}).cache
}

/** A Maildir and who owns it. */
export interface TargetMaildir {
  readonly path: string
  readonly uid: number
  readonly gid: number
}

async function maildirAt(path: string): Promise<TargetMaildir | undefined> {
  const facts = await stat(join(path, 'cur')).catch(() => undefined)
  return facts?.isDirectory() ? {path, uid: facts.uid, gid: facts.gid} : undefined
}

/** @throws {Fault} `no-such-mailbox`, `bad-configuration` */
export async function targetMaildir(target: string, {config, env}: Pick<IndexCommand, 'config' | 'env'>): Promise<TargetMaildir> {
  const direct = await maildirAt(resolve(target))
  if (direct) return direct
  if (target.includes('/')) throw new Fault('no-such-mailbox', `"${target}" is no Maildir`)
  const accounts = accountChain(await authSettingsOf(authDirectory(config, env), env), commandLog())
  try {
    const found = await accounts.modules.find('imap', target)
    if (found.outcome !== 'accepted')
      throw new Fault('no-such-mailbox', `There is no account "${target}", and no Maildir of that name here`)
    const path = resolve(found.account.home, found.account.maildir ?? 'Maildir')
    const maildir = await maildirAt(path)
    if (!maildir) throw new Fault('no-such-mailbox', `"${path}", the Maildir of ${target}, does not exist`)
    return maildir
  } finally {
    await accounts.close()
  }
}
