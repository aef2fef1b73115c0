/** The program of the supervisor over processes: `supervisor-main.js PLAN`, started in place of `courier serve` (`become-supervisor.ts`). */
import {type SupervisorPlan, supervise} from './supervise.js'

await supervise(JSON.parse(process.argv[2] ?? '{}') as SupervisorPlan)
