/** Puts a file with a secret in place, whole: mode 0600, owned by the mail user. */
import {randomBytes} from 'node:crypto'
import {chmod, link, open, rm, stat} from 'node:fs/promises'
import {dirname} from 'node:path'
import {replaceFile, syncDirectory} from '../support/atomic-file.js'
import {errnoOf} from '../support/fault.js'
import {systemAccount} from './system-account.js'
import {isRoot} from './unprivileged-user.js'

const PRIVATE = 0o600

interface Owner {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** The mail user as root and if there is one (`spec/server-config-tls.md` §6.1); the group stays root's. */
async function mailOwner(): Promise<Owner | undefined> {
  const account = isRoot() ? await systemAccount('courier') : undefined
  return account ? {uid: Number(account.uid), gid: process.getgid?.() ?? 0, mode: PRIVATE} : undefined
}

/** Replaces `path`. `keepOwner`: with the owner and mode of the old file, which the administrator may have chosen. */
export async function replaceSecret(path: string, text: string, {keepOwner}: {readonly keepOwner: boolean}): Promise<void> {
  const old = keepOwner ? await stat(path).catch(() => undefined) : undefined
  const owner = old ? {uid: old.uid, gid: old.gid, mode: old.mode & 0o770} : await mailOwner()
  await replaceFile({path, temporary: `${path}.tmp`, mode: owner?.mode ?? PRIVATE}, async (file) => {
    await file.writeFile(text)
    if (owner && isRoot()) await file.chown(owner.uid, owner.gid)
  })
}

/** Makes `path`; false when it is there, also when another program was faster. Nobody ever sees a part of it. */
export async function createSecret(path: string, text: string): Promise<boolean> {
  // Not the process id: containers that share a directory may have the same.
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  const owner = await mailOwner()
  const file = await open(temporary, 'wx', PRIVATE)
  try {
    try {
      await file.writeFile(text)
      if (owner) await file.chown(owner.uid, owner.gid)
      await file.sync()
    } finally {
      await file.close()
    }
    await chmod(temporary, PRIVATE)
    await link(temporary, path)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, {force: true})
  }
  await syncDirectory(dirname(path))
  return true
}
