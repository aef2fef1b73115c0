/** `courier service install` and `remove`: what has to be done; nothing is done before all of it is known. */
import {readdir, readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {type Change, Plan} from '../configure/plan.js'
import type {Host} from './host.js'
import {allServiceFiles, INIT_SCRIPT, MARK, type ServiceFile, serviceFiles, TIMER, UNIT} from './service-files.js'

export interface ServicePlan {
  readonly changes: readonly Change[]
  /** Programs to run before the files are changed, and after it. */
  readonly before: readonly Command[]
  readonly after: readonly Command[]
  /** For the administrator. */
  readonly notices: readonly string[]
}

export type Command = readonly [program: string, ...args: string[]]

export interface ServiceOptions {
  /** Of the host; another one than `/` is for packages: no program is run. */
  readonly root: string
  readonly host: Host
  /** Directory with the files of `templates/`. */
  readonly templates: string
  /** How `courier` is called: program and arguments. */
  readonly courier: readonly string[]
  readonly config: string
  /** Options of `courier serve`. */
  readonly serveOptions: readonly string[]
}

const NOTHING_TO_SERVE = 'Neither systemd nor /etc/init.d was found: start "courier serve" by hand, or name one with --manager'

/** A word for a shell and for systemd. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replace(/[\\"$`]/g, '\\$&')}"`
}

function rendered(text: string, {courier, config, serveOptions, host}: ServiceOptions): string {
  const values: Record<string, string> = {
    courier: courier.map(quoted).join(' '),
    config: quoted(config),
    options: serveOptions.map((word) => ` ${quoted(word)}`).join(''),
    reload: host.manager === 'systemd' ? `systemctl reload ${UNIT}` : `/etc/init.d/${INIT_SCRIPT} reload`,
  }
  return text.replace(/@(courier|config|options|reload)@/g, (_whole, name: string) => values[name] ?? '')
}

export async function planInstall(options: ServiceOptions): Promise<ServicePlan> {
  const {root, host, templates} = options
  const plan = new Plan()
  const notices: string[] = host.manager === undefined ? [NOTHING_TO_SERVE] : []
  for (const {path, template, mode} of serviceFiles(host)) {
    const target = join(root, path)
    const old = await plan.read(target)
    if (old && !old.text.includes(MARK)) {
      notices.push(`${target} is there and not ours: it was left as it is`)
      continue
    }
    await plan.write(target, rendered(await readFile(join(templates, 'services', template), 'latin1'), options), {mode})
  }
  notices.push(...(await rivalNotices(root)))
  return {changes: plan.changes(), before: [], after: root === '/' ? enabling(host) : [], notices}
}

function enabling({manager, cron}: Host): readonly Command[] {
  if (manager === undefined) return []
  if (manager === 'sysvinit') return [['update-rc.d', INIT_SCRIPT, 'defaults']]
  return [
    ['systemctl', 'daemon-reload'],
    ['systemctl', 'enable', UNIT],
    ...(cron ? [] : [['systemctl', 'enable', '--now', TIMER] as const]),
  ]
}

/** Services of Courier's own packages that start with the host and would take the ports. */
async function rivalNotices(root: string): Promise<string[]> {
  const wants = join(root, 'etc/systemd/system/multi-user.target.wants')
  const rivals = (await readdir(wants).catch(() => [])).filter((name) => /^courier-imap(-ssl)?\.service$/.test(name))
  if (rivals.length === 0) return []
  return [`${rivals.sort().join(' and ')} would take the ports at the next boot: systemctl disable ${rivals.join(' ')}`]
}

/** Takes away what `planInstall` made, on whatever kind of host, and ends the server first. */
export async function planRemove({root}: Pick<ServiceOptions, 'root'>): Promise<ServicePlan> {
  const plan = new Plan()
  const found: ServiceFile[] = []
  for (const file of allServiceFiles()) {
    const target = join(root, file.path)
    const old = await plan.read(target)
    if (!old?.text.includes(MARK)) continue
    await plan.remove(target)
    found.push(file)
  }
  const has = (template: string) => root === '/' && found.some((file) => file.template === template)
  const before: Command[] = []
  const after: Command[] = []
  for (const unit of [UNIT, TIMER]) if (has(unit)) before.push(['systemctl', 'disable', '--now', unit])
  if (before.length > 0) after.push(['systemctl', 'daemon-reload'])
  if (has('courier-node.init')) {
    before.push([join(root, 'etc/init.d', INIT_SCRIPT), 'stop'])
    after.push(['update-rc.d', INIT_SCRIPT, 'remove'])
  }
  return {changes: plan.changes(), before, after, notices: []}
}
