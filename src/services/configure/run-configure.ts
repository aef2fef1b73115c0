/** The command line of `courier configure`. */
import {existsSync} from 'node:fs'
import {mkdir} from 'node:fs/promises'
import {homedir} from 'node:os'
import {basename, resolve} from 'node:path'
import {authDirectory, configDirectory} from '../../config/config-directory.js'
import {defaultPlaces} from '../../config/places.js'
import {Fault} from '../../support/fault.js'
import {isRoot} from '../unprivileged-user.js'
import {planConfigure} from './configure.js'
import type {Change} from './plan.js'
import {applyChanges, undoChanges, undoPlan} from './undo.js'
import {unifiedDiff} from './unified-diff.js'

export interface ConfigureCommand {
  readonly config: string | undefined
  /** Directory of `authdaemonrc`, when it is another one. */
  readonly auth: string | undefined
  readonly dryRun: boolean
  readonly undo: boolean
  readonly force: boolean
  /** Directory with the files of `templates/`. */
  readonly templates: string
  readonly env: NodeJS.ProcessEnv
  readonly print: (line: string) => void
  /** Whether a directory that was named and does not exist is meant; undefined: nobody can be asked, and it is. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined
}

/** What was done, or would be. */
export interface ConfigureResult {
  readonly changes: readonly {readonly path: string; readonly change: 'new' | 'changed' | 'removed'}[]
  readonly reports: readonly {readonly path: string; readonly blocks: readonly {readonly name: string; readonly outcome: string}[]}[]
  readonly notices: readonly string[]
}

/** @throws {Fault} with what is wrong; nothing has changed then */
export async function runConfigure(command: ConfigureCommand): Promise<ConfigureResult> {
  const directory = resolve(configDirectory(command.config, command.env))
  return command.undo ? undo(directory, command) : configure(directory, command)
}

async function configure(
  directory: string,
  {config, auth, force, dryRun, templates, env, print, confirm}: ConfigureCommand,
): Promise<ConfigureResult> {
  const places = defaultPlaces({root: isRoot(), home: homedir(), env})
  const accounts = resolve(auth ?? authDirectory(config, env))
  const {changes, reports, notices} = await planConfigure({
    directory,
    authDirectory: accounts,
    force,
    templates,
    run: places.run,
    state: places.state,
  })
  if (dryRun) for (const change of changes) print(unifiedDiff(change).trimEnd())
  else {
    for (const {path, blocks} of reports) {
      print(`${basename(path)}:`)
      for (const {name, outcome} of blocks) print(`  ${name}: ${outcome}`)
    }
  }
  for (const line of notices) print(`* ${line}`)
  if (!dryRun && changes.length > 0) {
    if (config !== undefined && confirm && !existsSync(directory) && !(await confirm(`${directory} does not exist. Make it?`)))
      throw new Fault('bad-configuration', `${directory} does not exist: nothing has changed`)
    for (const each of new Set([directory, accounts])) await mkdir(each, {recursive: true})
    await applyChanges(directory, changes)
    print(`${changes.length} files written; "courier configure --undo" takes it back. Servers read them at the next start or SIGHUP.`)
  }
  if (changes.length === 0) print('Everything is up to date.')
  return {changes: changes.map(summary), reports, notices}
}

async function undo(directory: string, {force, dryRun, print}: ConfigureCommand): Promise<ConfigureResult> {
  const changes = await undoPlan(directory, {force})
  for (const change of changes) print(dryRun ? unifiedDiff(change).trimEnd() : `${change.path}: ${change.after ? 'as it was' : 'removed'}`)
  if (!dryRun) await undoChanges(directory, changes)
  return {changes: changes.map(summary), reports: [], notices: []}
}

function summary({path, before, after}: Change): ConfigureResult['changes'][number] {
  return {path, change: !before ? 'new' : after ? 'changed' : 'removed'}
}
