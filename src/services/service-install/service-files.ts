/** The files that make the server a service of a host. */
import type {Host} from './host.js'

export interface ServiceFile {
  /** Below the root of the host. */
  readonly path: string
  /** In `templates/services/`. */
  readonly template: string
  readonly mode: number
}

/** Every file of ours has it; one without it is somebody else's and is left alone. */
export const MARK = 'Made by "courier service install"'

export const UNIT = 'courier-node.service'
export const INIT_SCRIPT = 'courier-node'
/** Where there is no cron. */
export const TIMER = 'courier-node-mkdhparams.timer'

/** Files for every kind of host: where to look for those that are to be removed. */
export function allServiceFiles(): readonly ServiceFile[] {
  const every = {pam: 'common', logrotate: true} as const
  const files = [...serviceFiles({manager: 'systemd', cron: false, ...every}), ...serviceFiles({manager: 'sysvinit', cron: true, ...every})]
  return [...new Map(files.map((file) => [file.path, file])).values()]
}

/** Those that this host needs. */
export function serviceFiles({manager, cron, pam, logrotate}: Host): readonly ServiceFile[] {
  const files: ServiceFile[] = []
  if (manager === 'systemd') files.push({path: `etc/systemd/system/${UNIT}`, template: UNIT, mode: 0o644})
  if (manager === 'sysvinit') files.push({path: `etc/init.d/${INIT_SCRIPT}`, template: 'courier-node.init', mode: 0o755})
  if (manager === 'systemd' && !cron) {
    for (const name of ['courier-node-mkdhparams.service', TIMER])
      files.push({path: `etc/systemd/system/${name}`, template: name, mode: 0o644})
  }
  if (cron) files.push({path: 'etc/cron.monthly/courier-node-mkdhparams', template: 'mkdhparams.cron', mode: 0o755})
  for (const service of pam ? ['imap', 'pop3'] : []) files.push({path: `etc/pam.d/${service}`, template: `pam.${pam}`, mode: 0o644})
  if (logrotate) files.push({path: 'etc/logrotate.d/courier-node', template: 'courier-node.logrotate', mode: 0o644})
  return files
}
