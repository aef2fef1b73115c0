/** The command lines of `courier service`. */
import {execFile} from 'node:child_process'
import {mkdir} from 'node:fs/promises'
import {dirname, resolve} from 'node:path'
import {promisify} from 'node:util'
import {configDirectory} from '../../config/config-directory.js'
import {errnoOf, Fault} from '../../support/fault.js'
import {systemText} from '../../support/system-text.js'
import {putState, removeState} from '../configure/file-state.js'
import {unifiedDiff} from '../configure/unified-diff.js'
import {lookAtHost, type ServiceManager} from './host.js'
import {type Command, planInstall, planRemove, type ServicePlan} from './plan-service.js'

export interface ServiceCommand {
  readonly action: 'install' | 'remove'
  readonly root: string
  /** undefined: what the host has. */
  readonly manager: ServiceManager | undefined
  readonly config: string | undefined
  readonly serveOptions: readonly string[]
  readonly dryRun: boolean
  readonly templates: string
  /** How `courier` is called. */
  readonly courier: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly print: (line: string) => void
}

/** @throws {Fault} with what is wrong: `io-error`, `unavailable` when a program failed after the files were written */
export async function runService(command: ServiceCommand): Promise<void> {
  try {
    await act(command)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    throw new Fault('io-error', `${(error as NodeJS.ErrnoException).path ?? command.root}: ${systemText(error)}`, {cause: error})
  }
}

async function act(command: ServiceCommand): Promise<void> {
  const {action, dryRun, print} = command
  const root = resolve(command.root)
  const plan = action === 'install' ? await planned(command, root) : await planRemove({root})
  for (const line of plan.notices) print(line)
  if (dryRun) {
    for (const change of plan.changes) print(unifiedDiff(change).trimEnd())
    for (const words of [...plan.before, ...plan.after]) print(`# ${words.join(' ')}`)
    return
  }
  await carryOut(plan, print)
  if (plan.changes.length === 0) print(action === 'install' ? 'Everything is in place.' : 'There is nothing of ours to remove.')
}

async function planned(command: ServiceCommand, root: string): Promise<ServicePlan> {
  const found = await lookAtHost(root)
  return planInstall({
    root,
    host: {...found, manager: command.manager ?? found.manager},
    templates: command.templates,
    courier: command.courier,
    config: resolve(configDirectory(command.config, command.env)),
    serveOptions: command.serveOptions,
  })
}

async function carryOut({changes, before, after}: ServicePlan, print: (line: string) => void): Promise<void> {
  for (const words of before) await run(words)
  for (const {path, after: state} of changes) {
    if (state) {
      await mkdir(dirname(path), {recursive: true})
      await putState(path, state)
    } else await removeState(path)
    print(`${path}: ${state ? 'installed' : 'removed'}`)
  }
  if (changes.length > 0) for (const words of after) await run(words)
}

async function run([program, ...args]: Command): Promise<void> {
  try {
    await promisify(execFile)(program, args)
  } catch (error) {
    const output = (error as {stderr?: string}).stderr?.trim()
    throw new Fault('unavailable', `${[program, ...args].join(' ')}: ${output || systemText(error)}`, {cause: error})
  }
}
