/**
 * `courier serve` becomes the supervisor: the process replaces its program (execve(2)), so that root runs none of the packages that the
 * command line needs, while process id, parent and service manager stay.
 */
import {fileURLToPath} from 'node:url'
import {replaceProgram} from '../../support/replace-program.js'
import type {SupervisorPlan} from './supervise.js'

const MAIN = fileURLToPath(new URL('./supervisor-main.js', import.meta.url))

/** Never returns, unless by an error. `lock`: a file that has to stay open. */
export async function becomeSupervisor(plan: SupervisorPlan, {lock}: {readonly lock: number | undefined}): Promise<never> {
  const {NODE_OPTIONS: _options, UV_USE_IO_URING: _ring, ...env} = process.env
  replaceProgram(process.execPath, {args: [MAIN, JSON.stringify(plan)], env, open: lock === undefined ? [] : [lock]})
  // The system cannot do it: then this process supervises as it is.
  const {supervise} = await import('./supervise.js')
  return supervise(plan)
}
