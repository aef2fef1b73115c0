import {access} from 'node:fs/promises'
import {join} from 'node:path'

export type ServiceManager = 'systemd' | 'sysvinit'

/** What a host has to start services with. */
export interface Host {
  /** undefined: neither of those that are known. */
  readonly manager: ServiceManager | undefined
  readonly cron: boolean
  /** Where the rules for all logins are; undefined: there is no PAM. */
  readonly pam: 'common' | 'system' | 'unix' | undefined
  readonly logrotate: boolean
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Looks at a host below `root`. systemd is in charge when it runs; below another root than `/`, when its directory is there. */
export async function lookAtHost(root: string): Promise<Host> {
  const has = (path: string) => exists(join(root, path))
  const systemd = root === '/' ? await has('run/systemd/system') : await has('etc/systemd/system')
  return {
    manager: systemd ? 'systemd' : (await has('etc/init.d')) ? 'sysvinit' : undefined,
    cron: await has('etc/cron.monthly'),
    pam: (await has('etc/pam.d/common-auth'))
      ? 'common'
      : (await has('etc/pam.d/system-auth'))
        ? 'system'
        : (await has('etc/pam.d'))
          ? 'unix'
          : undefined,
    logrotate: await has('etc/logrotate.d'),
  }
}
