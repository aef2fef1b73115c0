import {Fault} from '../../support/fault.js'
import {standardLog} from '../standard-log.js'
import {untilSignal} from '../until-signal.js'
import {ProcessSupervisor, type ProcessSupervisorOptions} from './process-supervisor.js'

/** What to serve, as `courier serve` was told. */
export type SupervisorPlan = Omit<ProcessSupervisorOptions, 'log' | 'jsonLine' | 'identifyLogs'>

/** Serves until a signal ends it, and ends the process. */
export async function supervise(plan: SupervisorPlan): Promise<never> {
  process.title = 'courier: supervisor'
  const log = standardLog(plan.logging)
  try {
    // The files of the log may have been moved away.
    process.on('SIGHUP', () => void log.reopen())
    const jsonLine = (line: string) => log.putJson(line)
    const identifyLogs = log.identify.bind(log)
    await untilSignal(ProcessSupervisor.start({...plan, log, jsonLine, identifyLogs}), log)
    await log.close()
    process.exit(0)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    for (const line of error.message.split('\n')) process.stderr.write(`Error: ${line}\n`)
    process.exit(1)
  }
}
