import {rm} from 'node:fs/promises'
import {takeActivatedSockets} from '../../net/activated-sockets.js'
import {Fault} from '../../support/fault.js'
import {tellParent} from '../background.js'
import {standardLog} from '../standard-log.js'
import {untilSignal} from '../until-signal.js'
import {ProcessSupervisor, type ProcessSupervisorOptions} from './process-supervisor.js'

/** What to serve, as `courier serve` was told. */
export interface SupervisorPlan extends Omit<ProcessSupervisorOptions, 'log' | 'jsonLine' | 'identifyLogs' | 'activated'> {
  /** Removed at the end. */
  readonly pidFile: string | undefined
}

/** Serves until a signal ends it, and ends the process. */
export async function supervise(plan: SupervisorPlan): Promise<never> {
  process.title = 'courier: supervisor'
  const code = await run(plan)
  if (plan.pidFile !== undefined) await rm(plan.pidFile, {force: true})
  process.exit(code)
}

/** Answers with the exit code. */
async function run(plan: SupervisorPlan): Promise<number> {
  const log = standardLog(plan.logging)
  // The files of the log may have been moved away.
  process.on('SIGHUP', () => void log.reopen())
  try {
    const starting = ProcessSupervisor.start({
      ...plan,
      activated: takeActivatedSockets(process.env, process.pid),
      log,
      jsonLine: (line) => log.putJson(line),
      identifyLogs: (identities) => log.identify(identities),
    })
    const ended = untilSignal(starting, log)
    void starting.then(() => tellParent('ready')).catch(() => undefined)
    await ended
    return 0
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    for (const line of error.message.split('\n')) process.stderr.write(`Error: ${line}\n`)
    await tellParent({failed: error.message})
    return 1
  } finally {
    await log.close()
  }
}
