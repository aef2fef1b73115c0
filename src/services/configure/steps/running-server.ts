import {readFile} from 'node:fs/promises'
import {ANY_VERSION, type UpgradeStep} from '../step.js'

const PID_FILES = [
  ['imapd', 'PIDFILE'],
  ['imapd-ssl', 'SSLPIDFILE'],
  ['pop3d', 'PIDFILE'],
  ['pop3d-ssl', 'SSLPIDFILE'],
] as const

export const runningServer: UpgradeStep = {
  name: 'running-server',
  upTo: ANY_VERSION,
  about: 'Says which servers run, because only one can have a port',
  async run({files, tell}) {
    for (const [name, setting] of PID_FILES) {
      const path = files.get(name)?.value(setting)
      const pid = path ? Number(await readFile(path, 'latin1').catch(() => '')) : 0
      if (path && pid > 1 && isAlive(pid))
        tell(`Stop the server that runs as ${name} (process ${pid} in ${path}) before another one is started`)
    }
  },
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
