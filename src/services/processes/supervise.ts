import {Fault} from '../../support/fault.js'
import {standardLog} from '../standard-log.js'
import {untilSignal} from '../until-signal.js'
import {ProcessSupervisor, type ProcessSupervisorOptions} from './process-supervisor.js'

/** What to serve, as `courier serve` was told. */
export type SupervisorPlan = Omit<ProcessSupervisorOptions, 'log'>

/** Serves until a signal ends it, and ends the process. */
export async function supervise(plan: SupervisorPlan): Promise<never> {
  process.title = 'courier: supervisor'
  const log = standardLog(plan.logging)
  try {
    await untilSignal(ProcessSupervisor.start({...plan, log}), log)
    process.exit(0)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    for (const line of error.message.split('\n')) process.stderr.write(`Error: ${line}\n`)
    process.exit(1)
  }
}
