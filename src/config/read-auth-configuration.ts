import {join} from 'node:path'
import {AUTHDAEMONRC, isAuthdaemonrcTolerated} from './authdaemonrc-options.js'
import {configurationFile, inOrder, SCRIPT_VARIABLES, unknownNames, withoutRepeats} from './configuration-file.js'
import type {Problem} from './problem.js'
import {Settings} from './settings.js'

export interface AuthConfiguration {
  readonly directory: string
  readonly settings: Settings
  readonly problems: readonly Problem[]
  readonly notes: readonly Problem[]
}

/** Reads `authdaemonrc`. Does not throw for what is in it: see `problems`. */
export async function readAuthConfiguration(directory: string): Promise<AuthConfiguration> {
  const problems: Problem[] = []
  const path = join(directory, 'authdaemonrc')
  const found = await configurationFile(path, {problems, whenMissing: 'accounts come from userdb'})
  const assignments = inOrder([found ?? {file: path, text: 'authmodulelist=authuserdb'}], problems)
  const settings = new Settings({start: assignments, session: assignments})
  const isKnown = (name: string) => name in AUTHDAEMONRC || isAuthdaemonrcTolerated(name) || SCRIPT_VARIABLES.has(name)
  const options = Object.values(AUTHDAEMONRC)
  problems.push(...settings.check(options), ...unknownNames(assignments, isKnown))
  return {directory, settings, problems: withoutRepeats(problems), notes: settings.notes(options)}
}
